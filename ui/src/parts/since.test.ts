import { expect, it } from "vitest";
import { instantOf } from "./since";

it("makes instants of spans, the same within a minute, and leaves days and instants as they are", () => {
  const noon = Date.parse("2026-01-31T12:00:20Z");
  expect(instantOf("1h", noon)).toBe("2026-01-31T11:00:00.000Z");
  expect(instantOf("1h", noon + 30_000)).toBe("2026-01-31T11:00:00.000Z");
  expect(instantOf("2026-01-30", noon)).toBe("2026-01-30");
});
