import { expect, it } from "vitest";
import { fromLocal, timeInUtc, toLocal } from "./dates";

it("an instant is the same before and after it was shown in the reader's zone", () => {
  expect(fromLocal(toLocal("2026-11-28T22:00:05Z"))).toBe("2026-11-28T22:00:05Z");
  expect(toLocal("no instant")).toBe("");
  expect(fromLocal("?")).toBe("?");
});

it("a time with an offset is shown in UTC, and one that is none as it is", () => {
  expect(timeInUtc("09:00:00Z")).toBe("09:00:00");
  expect(timeInUtc("01:30:00.5+02:00")).toBe("23:30:00");
  expect(timeInUtc("23:00:00-05:00")).toBe("04:00:00");
  expect(timeInUtc("at nine")).toBe("at nine");
});
