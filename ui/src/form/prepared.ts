/** A schema as rjsf draws it best: with the types that its constants imply, and lists of fixed items as draft 7 has them. What is valid stays the same. */

/** Members of schemas that are values, and no schemas. */
const KEPT: ReadonlySet<string> = new Set(["const", "default", "examples", "enum"]);
const KINDS: ReadonlySet<string> = new Set(["string", "number", "boolean"]);

/** The type of all constants of an `enum`, or of a `oneOf` of `const`s; undefined if they differ or are no plain values. */
function implied(schema: Record<string, unknown>): string | undefined {
  const choices = (schema.oneOf ?? schema.anyOf) as unknown;
  const isAll = Array.isArray(choices) && choices.length > 0 && choices.every((each) => typeof each === "object" && each !== null && "const" in each);
  const values = Array.isArray(schema.enum) ? schema.enum : isAll ? (choices as { const: unknown }[]).map((each) => each.const) : [];
  const kinds = new Set(values.map((each) => typeof each));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined && KINDS.has(kind) ? kind : undefined;
}

export function prepared(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(prepared);
  if (typeof schema !== "object" || schema === null) return schema;
  const made: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    made[name] = KEPT.has(name) ? value : prepared(value);
  }
  for (const choice of ["oneOf", "anyOf"]) if (Array.isArray(made[choice])) made[choice] = made[choice].map(marked);
  const type = made.type === undefined ? implied(made) : undefined;
  return fixed(type === undefined ? made : { ...made, type });
}

/** Fills in the members of a choice that can only be one value, such as a `kind`: who chooses has said it. */
function marked(choice: unknown): unknown {
  if (typeof choice !== "object" || choice === null) return choice;
  const { properties } = choice as { properties?: Record<string, unknown> };
  if (properties === undefined) return choice;
  const isMark = (each: unknown): each is { const: unknown } => typeof each === "object" && each !== null && "const" in each && !("default" in each) && KINDS.has(typeof each.const);
  const members = Object.entries(properties).map(([name, each]) => [name, isMark(each) ? { type: typeof each.const, ...each, default: each.const, readOnly: true } : each]);
  return { ...choice, properties: Object.fromEntries(members) as Record<string, unknown> };
}

/** Whether a field has nothing to say: its choice has said it. */
export const isMarked = (schema: { const?: unknown; readOnly?: boolean; default?: unknown }): boolean => schema.readOnly === true && schema.const !== undefined && schema.const === schema.default;

/** Writes `prefixItems` and `items` as the `items` and `additionalItems` that rjsf draws. */
function fixed({ prefixItems, items, ...schema }: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(prefixItems)) return items === undefined ? schema : { ...schema, items };
  return { type: "array", ...schema, items: prefixItems, ...(items === undefined ? {} : { additionalItems: items }) };
}

/** The other way round, for the validator. */
export function restored(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(restored);
  if (typeof schema !== "object" || schema === null) return schema;
  const made = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, KEPT.has(name) ? value : restored(value)]));
  if (!Array.isArray(made.items)) return made;
  const { items, additionalItems, ...rest } = made;
  return { ...rest, prefixItems: items, ...(additionalItems === undefined ? {} : { items: additionalItems }) };
}

type Members = Record<string, unknown>;

/** Takes the nulls out that rjsf puts in the place of fixed items which nobody has written: a list of nothing else is empty. */
export function cleared(schema: unknown, value: unknown): unknown {
  if (typeof schema !== "object" || schema === null || typeof value !== "object" || value === null) return value;
  const { items, properties } = schema as { items?: unknown; properties?: Members };
  if (Array.isArray(value)) {
    if (Array.isArray(items) && value.every((each) => each === null || each === undefined)) return [];
    return value.map((each: unknown, index) => cleared(Array.isArray(items) ? items[index] : items, each));
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, cleared(properties?.[name], each)]));
}
