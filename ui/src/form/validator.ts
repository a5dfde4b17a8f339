/** A validator for rjsf that needs no `eval`, which the policy of the page forbids: JSON Schema 2020-12 by interpretation. */
import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import { type ErrorSchema, ErrorSchemaBuilder, type RJSFSchema, type RJSFValidationError, type ValidationData, type ValidatorType } from "@rjsf/utils";
import { texts } from "~/texts";
import { decode, inOrder, read, written } from "./places";
import { given, restored } from "./prepared";

/** Keywords that say only that something inside of them is wrong. */
const WRAPPERS: ReadonlySet<string> = new Set([
  "$ref", "allOf", "anyOf", "dependentSchemas", "else", "if", "items", "oneOf", "patternProperties", "prefixItems",
  "properties", "then", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "contains",
]);
const known = new WeakMap<object, Validator>();

/** Drops members that are undefined, as JSON does: a field that was emptied is not there. */
export const asJson = (value: unknown): unknown => (value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown));

function validatorOf(schema: RJSFSchema, root: RJSFSchema): Validator {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const { $defs, definitions } = root as { $defs?: object; definitions?: object };
  const whole = { ...($defs && { $defs }), ...(definitions && { definitions }), ...schema };
  const made = new Validator(restored(whole) as Schema, "2020-12", false);
  known.set(schema, made);
  return made;
}

/** All that is wrong with a value, the most exact first. */
export function problemsOf(schema: RJSFSchema, value: unknown, root: RJSFSchema = schema): RJSFValidationError[] {
  const { valid, errors } = validatorOf(schema, root).validate(asJson(value) ?? null);
  if (valid) return [];
  const exact = ofChosen(errors).filter((each) => !WRAPPERS.has(each.keyword) && each.keyword !== "false");
  return (exact.length > 0 ? exact : errors.slice(-1)).map(problem);
}

/** Leaves out what is wrong with choices of a `oneOf` or `anyOf` that the value is none of, by a constant of theirs, if it is one of others. */
function ofChosen(errors: readonly OutputUnit[]): OutputUnit[] {
  const left = new Set(errors);
  for (const { keyword, keywordLocation, instanceLocation } of errors) {
    if (keyword !== "oneOf" && keyword !== "anyOf") continue;
    const inner = errors.filter((each) => each.keywordLocation.startsWith(`${keywordLocation}/`) && `${each.instanceLocation}/`.startsWith(`${instanceLocation}/`));
    const choiceOf = (each: OutputUnit): string => each.keywordLocation.slice(keywordLocation.length + 1).split("/")[0] ?? "";
    const others = new Set(inner.filter((each) => each.keyword === "const").map(choiceOf));
    if (inner.every((each) => others.has(choiceOf(each)))) continue;
    for (const each of inner) if (others.has(choiceOf(each))) left.delete(each);
  }
  return [...left];
}

function problem({ keyword, instanceLocation, error }: OutputUnit): RJSFValidationError {
  const path = instanceLocation.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  const missing = (keyword === "required" ? /property "(.+?)"/ : keyword === "dependentRequired" ? /does not have "(.+?)"/ : /^(?!)/).exec(error)?.[1];
  if (missing !== undefined) path.push(missing);
  const kinds = keyword === "type" ? /Expected (".+")\.$/.exec(error)?.[1] : undefined;
  const message = missing !== undefined ? texts.form.missing : keyword === "enum" && error.endsWith("[true].") ? texts.form.missing : keyword === "false" ? texts.form.forbidden : kinds !== undefined ? texts.form.kind(kinds.replaceAll('"', "")) : error.replace(/^Instance/, texts.form.value);
  return { name: keyword, property: written(path), message, stack: `${path.join(" / ")} ${message}`.trim() };
}

/** What is wrong, at the places where it is. */
function treeOf(errors: readonly { property?: string | undefined; message?: string | undefined }[]): ErrorSchema {
  const tree = new ErrorSchemaBuilder();
  for (const { property, message } of errors) if (message !== undefined) tree.addErrors(message, read(property ?? ""));
  return tree.ErrorSchema;
}

/** The errors of a server, at the fields that its pointers name; a missing member is wrong where it would be. */
export function errorsAt(entries: { pointer: string; message: string }[]): ErrorSchema {
  const errors = entries.map(({ pointer, message }) => {
    const missing = /^(?:beside '.+?' it needs )?'(.+?)'(?: is a required property)?$/.exec(message)?.[1];
    const path = pointer.split("/").slice(1).map(decode);
    if (missing !== undefined) path.push(missing);
    return { property: written(path), message };
  });
  return treeOf(errors);
}

const validator: ValidatorType = {
  validateFormData(formData, schema, _custom, transform, uiSchema): ValidationData<unknown> {
    const found = inOrder(problemsOf(schema, given(schema, formData)), schema);
    const errors = transform === undefined ? found : transform(found, uiSchema);
    return { errors, errorSchema: treeOf(errors) };
  },
  isValid(schema, formData, root) {
    try {
      return validatorOf(schema, root).validate(asJson(formData) ?? null).valid;
    } catch {
      return false; // a reference of a part that leads nowhere
    }
  },
  rawValidation: <Result>(schema: RJSFSchema, formData?: unknown) => ({ errors: problemsOf(schema, formData) as Result[] }),
};

export default validator;
