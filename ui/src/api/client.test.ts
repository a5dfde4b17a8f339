import { afterEach, expect, it } from "vitest";
import { api, forget } from "./client";

afterEach(forget);

it("an answer that comes after its tenant was left is not kept", async () => {
  const sent: (string | null)[] = [];
  const answer = (): Response => Response.json({ means: "none" }, { headers: { ETag: '"1"' } });
  const ask = (meanwhile = (): void => undefined): Promise<unknown> =>
    api.GET("/sedo/me", {
      fetch: async (request) => {
        sent.push(request.headers.get("If-None-Match"));
        meanwhile();
        return answer();
      },
    });
  await ask(forget);
  await ask();
  await ask();
  expect(sent).toEqual([null, null, '"1"']);
});

it("an answer whose text comes after its tenant was left is not kept", async () => {
  const sent: (string | null)[] = [];
  const ask = (late: () => void): Promise<unknown> =>
    api.GET("/sedo/me", {
      fetch: (request) => {
        sent.push(request.headers.get("If-None-Match"));
        const text = new ReadableStream({
          pull(stream) {
            late();
            stream.enqueue(new TextEncoder().encode("{}"));
            stream.close();
          },
        }, { highWaterMark: 0 });
        return Promise.resolve(new Response(text, { headers: { ETag: '"1"' } }));
      },
    });
  await ask(forget);
  await ask(() => undefined);
  expect(sent).toEqual([null, null]);
});

it("what has not changed since it was asked for is there, though many other answers have come meanwhile", async () => {
  const answer = (request: Request): Response =>
    request.headers.has("If-None-Match") ? new Response(null, { status: 304 }) : Response.json({ of: request.url }, { headers: { ETag: '"1"' } });
  const ask = (id: string, meanwhile = (): Promise<unknown> => Promise.resolve()): Promise<{ data?: unknown }> =>
    api.GET("/sedo/tenants/{tenantId}", {
      params: { path: { tenantId: id } },
      fetch: async (request) => {
        await meanwhile();
        return answer(request);
      },
    });
  const { data } = await ask("first");
  const others = Array.from({ length: 401 }, (_, number) => `other${number}`);
  const again = await ask("first", () => Promise.all(others.map((id) => ask(id))));
  expect(again.data).toEqual(data);
});
