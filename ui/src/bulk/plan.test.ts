import { expect, it } from "vitest";
import type { Execution } from "~/api/types";
import { collect, MOST, planOf } from "./plan";

const can = { possible: true, reason: null };
const not = (reason: string) => ({ possible: false, reason });
const actions = (redrive: Execution["actions"]["redrive"]): Execution["actions"] => ({ cancel: can, pause: can, resume: can, redrive });

it("tells with which executions something can be done, and why not with the others", () => {
  const looked = [
    { id: "a", actions: actions(can) },
    { id: "b", actions: actions(not("it runs")) },
    { id: "c", problem: "not found" },
    { id: "d", actions: actions(not("it runs")) },
  ];
  expect(planOf("redrive", looked)).toEqual({ possible: ["a"], impossible: [["it runs", 2], ["not found", 1]] });
  expect(planOf("cancel", looked)).toEqual({ possible: ["a", "b", "d"], impossible: [["not found", 1]] });
});

it("says refusals with the words of states", () => {
  const looked = ["ExecutionSucceeded", "ExecutionTimedOut: redrive it to let it go on", "NoStateOfOurs"].map((state) => ({ id: state, actions: actions(not(`it is ${state}`)) }));
  expect(planOf("redrive", looked).impossible.map(([reason]) => reason)).toEqual(["it is succeeded", "it is timed out: redrive it to let it go on", "it is NoStateOfOurs"]);
});

it("reads pages until there are no more, or enough", async () => {
  const pages: Record<string, { ids: string[]; next: string | null }> = { first: { ids: ["a"], next: "second" }, second: { ids: ["b"], next: null } };
  expect(await collect(async (cursor) => pages[cursor ?? "first"] ?? { ids: [], next: null })).toEqual({ ids: ["a", "b"], isMore: false });
  const endless = await collect(async () => ({ ids: Array.from({ length: 300 }, (_, at) => String(at)), next: "on" }));
  expect([endless.ids.length, endless.isMore]).toEqual([MOST, true]);
});
