import { expect, it } from "vitest";
import { brief, duration } from "./time";

it("writes every duration in the one form: its two largest units", () => {
  const written = [0, 840, 999.7, 1_000, 45_210, 59_940, 59_951, 70_400, 3_600_000, 3_900_000, 86_399_000, 273_600_000, 86_400_000 * 12 + 59_000];
  expect(written.map(duration)).toEqual(["0 ms", "840 ms", "1.0 s", "1.0 s", "45.2 s", "59.9 s", "1 min", "1 min 10 s", "1 h", "1 h 5 min", "23 h 59 min", "3 d 4 h", "12 d"]);
});

it("writes an instant of today by its time alone, and others by their day", () => {
  const now = new Date(2026, 10, 29, 20, 0, 0).getTime();
  expect(brief(new Date(2026, 10, 29, 9, 5, 7).toISOString(), now)).toBe("09:05:07");
  expect(brief(new Date(2026, 10, 28, 23, 59, 59).toISOString(), now)).toBe("28 Nov 23:59");
  expect(brief(new Date(2025, 10, 29, 9, 5, 7).toISOString(), now)).toBe("29 Nov 2025");
  expect(brief("soon", now)).toBe("soon");
});
