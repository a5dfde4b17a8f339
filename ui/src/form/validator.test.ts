import type { RJSFSchema } from "@rjsf/utils";
import { describe, expect, it } from "vitest";
import validator, { errorsAt, problemsOf } from "./validator";

const ORDER: RJSFSchema = {
  type: "object",
  properties: {
    id: { type: "string", pattern: "^A-[0-9]+$" },
    mail: { type: "string", format: "email" },
    lines: { type: "array", items: { $ref: "#/$defs/line" } },
    decision: { enum: ["approve", "reject"] },
    comment: { type: "string" },
  },
  required: ["id"],
  if: { properties: { decision: { const: "reject" } }, required: ["decision"] },
  then: { required: ["comment"] },
  dependentRequired: { mail: ["comment"] },
  $defs: { line: { type: "object", properties: { sku: { type: "string" } }, required: ["sku"] } },
};
const places = (value: unknown): (string | undefined)[] => problemsOf(ORDER, value).map((each) => each.property);

describe("the validator of forms", () => {
  it("finds nothing wrong with what is right", () => {
    expect(problemsOf(ORDER, { id: "A-7", lines: [{ sku: "tea" }], decision: "approve" })).toEqual([]);
  });

  it("says of which type a value has to be", () => {
    expect(problemsOf({ type: ["string", "null"] }, 7).map((each) => each.message)).toEqual(["It has to be of the type string, null."]);
  });

  it("says of a choice only what is wrong with the one that its constant names", () => {
    const choice = (kind: string, name: string): RJSFSchema => ({ properties: { kind: { const: kind } }, required: [name] });
    const pay: RJSFSchema = { type: "array", items: { oneOf: [choice("card", "number"), choice("bank", "iban")] } };
    const wrong = (value: unknown): (string | undefined)[] => problemsOf(pay, value).map((each) => each.property);
    expect(wrong([{ kind: "bank" }, { kind: "card" }])).toEqual([".0.iban", ".1.number"]);
    expect(wrong([{ kind: "other" }])).toEqual([".0.number", ".0.kind", ".0.iban", ".0.kind"]);
  });

  it("says of a missing member that the field is wrong, and not the object", () => {
    expect(places({})).toEqual([".id"]);
    expect(places({ id: "A-7", lines: [{ sku: "tea" }, {}] })).toEqual([".lines.1.sku"]);
  });

  it("takes a field that was emptied for one that is not there", () => {
    expect(places({ id: undefined })).toEqual([".id"]);
    expect(places({ id: "A-7", comment: undefined })).toEqual([]);
  });

  it("knows if and then, dependentRequired, formats, and references", () => {
    expect(places({ id: "A-7", decision: "reject" })).toEqual([".comment"]);
    expect(places({ id: "A-7", mail: "ada@example.com" })).toEqual([".comment"]);
    expect(places({ id: "A-7", mail: "no mail", comment: "" })).toEqual([".mail"]);
  });

  it("tells one branch of a schema from another for rjsf", () => {
    expect(validator.isValid({ $ref: "#/$defs/line" }, { sku: "tea" }, ORDER)).toBe(true);
    expect(validator.isValid({ $ref: "#/$defs/line" }, { sku: 7 }, ORDER)).toBe(false);
    expect(validator.isValid({ $ref: "#/$defs/nowhere" }, {}, ORDER)).toBe(false);
  });

  it("puts what the server says at the fields of its pointers", () => {
    const found = errorsAt([
      { pointer: "/lines/0/sku", message: "7 is a number, not a text" },
      { pointer: "/lines/1", message: "'sku' is a required property" },
      { pointer: "/a~1b", message: "too long" },
      { pointer: "/lines/2", message: "beside 'sku' it needs 'count'" },
    ]) as unknown as { lines: Record<"sku" | "count", { __errors: string[] }>[]; "a/b": { __errors: string[] } };
    expect(found.lines[0]?.sku.__errors).toEqual(["7 is a number, not a text"]);
    expect(found.lines[1]?.sku.__errors).toEqual(["'sku' is a required property"]);
    expect(found.lines[2]?.count.__errors).toEqual(["beside 'sku' it needs 'count'"]);
    expect(found["a/b"].__errors).toEqual(["too long"]);
  });
});
