import { expect, test } from "vitest";
import { linesOf } from "./lines";

test("the dearest is first, and what has no sum has cost nothing", () => {
  const lines = linesOf("definition", { cheap: 9, dear: 1, free: 2 }, { cheap: 0.1, dear: 5 });
  expect(lines).toEqual([
    { name: "dear", executions: 1, dollars: 5 },
    { name: "cheap", executions: 9, dollars: 0.1 },
    { name: "free", executions: 2, dollars: 0 },
  ]);
});

test("a step that no execution stands at has cost something, too", () => {
  expect(linesOf("step", { ship: 2 }, { ship: 1, pay: 3 })).toEqual([
    { name: "pay", executions: 0, dollars: 3 },
    { name: "ship", executions: 2, dollars: 1 },
  ]);
});

test("the newest day is first, whatever it has cost", () => {
  expect(linesOf("day", { "2026-01-30": 1, "2026-01-31": 1 }, { "2026-01-30": 5, "2026-01-31": 1 }).map((line) => line.name)).toEqual(["2026-01-31", "2026-01-30"]);
});
