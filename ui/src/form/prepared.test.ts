import { expect, it } from "vitest";
import { prepared } from "./prepared";

const titles = (...choices: object[]): unknown[] => ((prepared({ oneOf: choices }) as { oneOf: { title?: string }[] }).oneOf).map((each) => each.title);

it("names choices without a title where that tells them apart", () => {
  expect(titles({ type: "string" }, { type: "number" }, { type: "object", properties: { a: {} } }, { type: "null" })).toEqual(["Text", "Number", "Object", "Nothing"]);
  expect(titles({ type: "object", properties: { kind: { const: "card" } } }, { type: "object", properties: { kind: { const: "bank" } } })).toEqual(["card", "bank"]);
  expect(titles({ type: "object", title: "Ours" }, { type: "object" }, { type: "object" })).toEqual(["Ours", undefined, undefined]);
  expect(titles({ const: 1 }, { $ref: "#/$defs/a" }, {})).toEqual([undefined, undefined, undefined]);
});
