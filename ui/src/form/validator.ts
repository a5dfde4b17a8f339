/** A validator for rjsf that needs no `eval`, which the policy of the page forbids: JSON Schema 2020-12 by interpretation. */
import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import { type ErrorSchema, type RJSFSchema, type RJSFValidationError, toErrorSchema, type ValidationData, type ValidatorType } from "@rjsf/utils";
import { texts } from "~/texts";
import { cleared, restored } from "./prepared";

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
  const exact = errors.filter((each) => !WRAPPERS.has(each.keyword) && each.keyword !== "false");
  return (exact.length > 0 ? exact : errors.slice(-1)).map(problem);
}

function problem({ keyword, instanceLocation, error }: OutputUnit): RJSFValidationError {
  const path = instanceLocation.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  const missing = (keyword === "required" ? /property "(.+?)"/ : keyword === "dependentRequired" ? /does not have "(.+?)"/ : /^(?!)/).exec(error)?.[1];
  if (missing !== undefined) path.push(missing);
  const message = missing === undefined ? error.replace(/^Instance/, texts.form.value) : texts.form.missing;
  const property = path.map((each) => `.${each}`).join("");
  return { name: keyword, property, message, stack: `${path.join(" / ")} ${message}`.trim() };
}

const decode = (part: string): string => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");

/** The errors of a server, at the fields that its pointers name; a missing member is wrong where it would be. */
export function errorsAt(entries: { pointer: string; message: string }[]): ErrorSchema {
  const errors = entries.map(({ pointer, message }) => {
    const missing = /^(?:beside '.+?' it needs )?'(.+?)'(?: is a required property)?$/.exec(message)?.[1];
    const path = pointer.split("/").slice(1).map(decode);
    if (missing !== undefined) path.push(missing);
    return { property: path.map((each) => `.${each}`).join(""), message, stack: message };
  });
  return toErrorSchema(errors);
}

const validator: ValidatorType = {
  validateFormData(formData, schema, _custom, transform, uiSchema): ValidationData<unknown> {
    const found = problemsOf(schema, cleared(schema, formData));
    const errors = transform === undefined ? found : transform(found, uiSchema);
    return { errors, errorSchema: toErrorSchema(errors) };
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
