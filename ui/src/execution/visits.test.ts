import { describe, expect, it } from "vitest";
import type { Execution, HistoryEntry } from "~/api/types";
import { changes, parsed } from "./stash-change";
import { firstStash, standings, stashOf, visitsOf, waysOf } from "./visits";

let clock = 0;
const entry = (state: string, step: string, more: Omit<Partial<HistoryEntry>, "stash"> & { stash?: Record<string, number> } = {}): HistoryEntry =>
  ({ time: new Date(Date.UTC(2026, 0, 1) + 1_000 * (clock += 1)).toISOString(), state, step, thread: "main", turn: 0, attempt: 1, ...more }) as HistoryEntry;
const running = { state: "StepStarted", threads: [], waitingFor: [], endedAt: null } as unknown as Execution;
const TYPES = new Map([["ask", "task"], ["load", "http"], ["each/price", "transform"]]);

describe("the visits of a history", () => {
  it("are attempts with their beginning, their end and how they ended", () => {
    const visits = visitsOf(
      [
        entry("StepStarted", "load"),
        entry("StepFailed", "load", { error: { name: "http.503" } as HistoryEntry["error"] }),
        entry("StepStarted", "load", { attempt: 2, turn: 1 }),
        entry("StepSucceeded", "load", { attempt: 2, turn: 2 }),
        entry("StepSkipped", "pay", { turn: 3 }),
      ],
      TYPES,
      running,
    );
    expect(visits.map(({ step, attempt, tone }) => [step, attempt, tone])).toEqual([["load", 1, "failed"], ["load", 2, "succeeded"], ["pay", 1, "skipped"]]);
    expect(visits[1]?.queued).toBe(visits[0]?.end);
    expect([...waysOf(visits)]).toContain("load pay");
  });

  it("that have not ended say what is waited for, or how the execution ended", () => {
    const open = [entry("StepStarted", "ask")];
    const waiting = { ...running, waitingFor: [{ thread: "main", step: "ask", for: "task", task: "1" }] } as unknown as Execution;
    expect(visitsOf(open, TYPES, waiting)[0]).toMatchObject({ tone: "person", waits: true, end: null });
    const cancelled = { ...running, state: "ExecutionCancelled", endedAt: "2026-01-02T00:00:00Z" } as unknown as Execution;
    expect(visitsOf(open, TYPES, cancelled)[0]).toMatchObject({ tone: "cancelled", end: "2026-01-02T00:00:00Z" });
  });

  it("count by step, and one item that failed shows", () => {
    const items = [0, 1, 2].flatMap((index) => {
      const more = { thread: `main.1.${index}`, index };
      return [entry("StepStarted", "each/price", more), entry(index === 1 ? "StepFailed" : "StepSucceeded", "each/price", more)];
    });
    expect(standings(visitsOf(items, TYPES, running)).get("each/price")).toEqual({ tone: "failed", visits: 3, counts: { succeeded: 2, failed: 1 } });
  });
});

describe("the stash of a visit", () => {
  it("is what was left above it, before and after", () => {
    const entries = [
      entry("StepStarted", "load"),
      entry("StepSucceeded", "load", { stash: { order: 1 } }),
      entry("StepStarted", "a/b/c", { thread: "main.2.b" }),
      entry("StepSucceeded", "a/x/y", { thread: "main.2.x", stash: { other: 2 } }),
      entry("StepSucceeded", "a/b/c", { thread: "main.2.b", stash: { mine: 3 } }),
    ];
    const visit = visitsOf(entries, TYPES, running).find((each) => each.step === "a/b/c");
    if (visit === undefined) throw new Error("no visit");
    expect(stashOf(entries, visit)).toEqual({ before: { order: 1 }, after: { order: 1, mine: 3 } });
  });

  it("begins with what the definition puts there", () => {
    const entries = [entry("StepStarted", "load"), entry("StepSucceeded", "load", { stash: { n: 2, who: 7 } }), entry("StepStarted", "ask")];
    const written = { limit: 1, n: 0, who: "${ input.who }", order: "${ input.id }" };
    const first = firstStash(written, entries, { limit: 9, n: 2, who: 7, order: "A-1" });
    expect(first).toEqual({ limit: 1, n: 0, who: null, order: "A-1" });
    const [load, ask] = visitsOf(entries, TYPES, running);
    if (load === undefined || ask === undefined) throw new Error("no visit");
    expect(stashOf(entries, load, first).before).toEqual(first);
    expect(stashOf(entries, ask, first).before).toEqual({ limit: 1, n: 2, who: 7, order: "A-1" });
  });

  it("is edited by names: what differs, and null for what is gone", () => {
    expect(changes({ a: 1, b: [1], c: 2 }, { a: 1, b: [2], d: null })).toEqual({ b: [2], c: null, d: null });
    expect(parsed("{").error).toBeTruthy();
    expect(parsed("[]").error).toBe("an object is asked for");
  });
});
