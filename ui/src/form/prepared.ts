/** A schema as rjsf draws it best: with the types that its constants imply. What is valid stays the same. */

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
    made[name] = name === "const" || name === "default" || name === "examples" || name === "enum" ? value : prepared(value);
  }
  const type = made.type === undefined ? implied(made) : undefined;
  return type === undefined ? made : { ...made, type };
}
