import { describe, expect, it } from "vitest";
import type { Step, Thread } from "~/api/types";
import { planOf, type PlanStep } from "~/graph/plan";
import { countsOf, isLarge, notesOf } from "./large";
import type { Visit } from "./visits";

const map = (result: unknown): Visit => ({ step: "each", type: "map", tone: "succeeded", entries: [{ result }] }) as unknown as Visit;
const step = (steps: Step): PlanStep => {
  const [found] = planOf([steps]).steps;
  if (found === undefined) throw new Error("no step");
  return found;
};
const EACH = step({ id: "each", type: "map", steps: [{ id: "a", type: "echo" }] });
const failed = { error: { name: "X" }, index: 1, item: 7 };

describe("what is large", () => {
  it("is a map of many items, while it runs and after its end", () => {
    const threads = [{ step: "each", progress: { done: 40, total: 10_000, failed: 2, exact: false } }] as Thread[];
    const running = countsOf(threads, []);
    expect(isLarge(EACH, running)).toBe(true);
    expect(notesOf(running).get("each")).toBe("40 of 10,000 done or more, 2 failed");
    const ended = countsOf([], [map([...Array<number>(30).fill(1), failed])]);
    expect(ended.get("each")).toEqual({ done: 31, total: 31, failed: 1, exact: true });
    expect(isLarge(EACH, ended)).toBe(true);
  });

  it("is not one of few items, nor one that has not begun", () => {
    expect(isLarge(EACH, countsOf([], [map([1, 2, 3])]))).toBe(false);
    expect(isLarge(EACH, new Map())).toBe(false);
  });

  it("is a parallel of many branches", () => {
    const branches = Array.from({ length: 21 }, (_, at) => ({ id: `b${at}`, steps: [{ id: "a", type: "echo" }] }));
    expect(isLarge(step({ id: "many", type: "parallel", branches }), new Map())).toBe(true);
  });
});
