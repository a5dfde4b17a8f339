import { expect, it } from "vitest";
import { moneyOf, moneyOfMillion } from "./money";

it("writes sums that stand together in one unit, with the same digits", () => {
  expect([0.0000485, 0.12, 0].map(moneyOf([0.0000485, 0.12, 0]))).toEqual(["$0.000049", "$0.120000", "$0.000000"]);
  expect([12, 1_203.5].map(moneyOf([12, 1_203.5]))).toEqual(["$12.00", "$1,203.50"]);
  expect([0].map(moneyOf([0]))).toEqual(["$0.00"]);
  expect(moneyOfMillion(0.0000485)).toBe("$48.50");
});
