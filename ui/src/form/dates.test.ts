import { expect, it } from "vitest";
import { fromLocal, toLocal } from "./dates";

it("an instant is the same before and after it was shown in the reader's zone", () => {
  expect(fromLocal(toLocal("2026-11-28T22:00:05Z"))).toBe("2026-11-28T22:00:05Z");
  expect(toLocal("no instant")).toBe("");
  expect(fromLocal("?")).toBe("?");
});
