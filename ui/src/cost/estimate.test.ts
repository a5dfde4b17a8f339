import { expect, it } from "vitest";
import { byDefinition, ofDay } from "./estimate";
import { money } from "./money";

const SAMPLES = [
  { definition: "a", id: "a1", dollars: 0.001 },
  { definition: "a", id: "a2", dollars: 0.003 },
  { definition: "b", id: "b1", dollars: 0.5 },
];

it("multiplies the mean of what was looked at by how many there are", () => {
  const lines = byDefinition({ a: 10, b: 1, c: 7 }, SAMPLES);
  expect(lines.map(({ name, looked, total }) => [name, looked, total])).toEqual([
    ["b", 1, 0.5],
    ["a", 2, 0.02],
    ["c", 0, null],
  ]);
  expect(lines[1]?.dearest?.id).toBe("a2");
  expect(ofDay({ a: 5, b: 1 }, lines)).toBeCloseTo(0.51);
  expect(ofDay({ a: 5, c: 1 }, lines)).toBeNull();
});

it("writes small amounts without powers of ten", () => {
  expect(money(0.000006241)).toBe("$0.00000624");
  expect(money(12.3456)).toBe("$12.3");
});
