import { beforeEach, expect, it } from "vitest";
import { client } from "./cache";
import { enterTenant, lastTenant } from "./tenant";

beforeEach(() => {
  sessionStorage.clear();
  client.clear();
});

it("nothing of a tenant stays when an address leads to another", () => {
  enterTenant("one");
  sessionStorage.setItem("sedo.draft.start.one.order", "secret");
  client.setQueryData(["executions", "one"], "secret");
  enterTenant("one");
  expect(sessionStorage.getItem("sedo.draft.start.one.order")).toBe("secret");
  enterTenant("two");
  expect(JSON.stringify({ ...sessionStorage })).not.toContain("secret");
  expect(client.getQueryCache().getAll()).toEqual([]);
  expect(lastTenant()).toBe("two");
});
