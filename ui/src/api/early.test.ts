import { beforeEach, expect, it, vi } from "vitest";
import { api, forget } from "./client";
import { askEarly, takeEarly } from "./early";
import { signIn, signOut } from "./session";

const ME = "/sedo/me?tenant=a";
let asked: (Request | string)[] = [];
const ask = async (): Promise<unknown> => (await api.GET("/sedo/me", { params: { query: { tenant: "a" } } })).data;

beforeEach(() => {
  signOut();
  forget();
  asked = [];
  vi.useRealTimers();
  vi.stubGlobal("fetch", async (request: Request | string) => (asked.push(request), Response.json({ number: asked.length })));
});

it("an answer that was asked for early is taken once", async () => {
  signIn({ means: "none", user: "ann" });
  askEarly([ME]);
  expect(await ask()).toEqual({ number: 1 });
  expect(await ask()).toEqual({ number: 2 });
});

it("nobody is asked for early who is not signed in, or whose token ends", () => {
  askEarly([ME]);
  signIn({ means: "token", token: "t", oidc: { expiresAt: Date.now() + 50_000, endpoint: "", issuer: { issuer: "", clientId: "", audience: null } } });
  askEarly([ME]);
  expect(asked).toEqual([]);
});

it("the answer of another person, of a tenant that was left, or of long ago is not taken", async () => {
  signIn({ means: "none", user: "ann" });
  askEarly([ME]);
  signIn({ means: "none", user: "eve" });
  expect(await ask()).toEqual({ number: 2 });
  askEarly([ME]);
  forget();
  expect(await ask()).toEqual({ number: 4 });
  vi.useFakeTimers({ toFake: ["Date"] });
  askEarly([ME]);
  vi.setSystemTime(Date.now() + 10_001);
  expect(await ask()).toEqual({ number: 6 });
});

it("what changes something is never taken from what was asked early", () => {
  signIn({ means: "none", user: "ann" });
  askEarly([ME]);
  expect(takeEarly(new Request(`${location.origin}${ME}`, { method: "POST" }))).toBeUndefined();
});
