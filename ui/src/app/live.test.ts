import { expect, it } from "vitest";
import { interval } from "./live";

it("asks often while something happens, and seldom while nobody looks", () => {
  const now = 1_000_000;
  expect(interval(now, now - 10_000, now - 400_000)).toBe(1_000);
  expect(interval(now, now - 60_000, now - 60_000)).toBe(2_000);
  expect(interval(now, now - 400_000, now - 400_000)).toBe(5_000);
});
