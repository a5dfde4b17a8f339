import { describe, expect, it } from "vitest";
import { scaleOf } from "./scale";

describe("the scale of a timeline", () => {
  it("is even where time is", () => {
    const { at, cuts } = scaleOf([0, 1_000, 2_000, 3_000, 4_000]);
    expect([0, 1_000, 2_500, 4_000].map(at)).toEqual([0, 0.25, 0.625, 1]);
    expect(cuts).toEqual([]);
  });

  it("cuts a night in which nothing happens, and keeps what is around it readable", () => {
    const night = 12 * 3_600_000;
    const { at, cuts } = scaleOf([0, 1_000, 2_000, 3_000, 3_000 + night, 4_000 + night, 5_000 + night]);
    expect(cuts).toHaveLength(1);
    expect(cuts[0]?.ms).toBe(night);
    expect(at(3_000)).toBeGreaterThan(0.4);
    expect(at(5_000 + night)).toBe(1);
  });

  it("bears none and one instant", () => {
    expect(scaleOf([]).at(5)).toBe(0);
    expect(scaleOf([7]).at(7)).toBe(0);
  });
});
