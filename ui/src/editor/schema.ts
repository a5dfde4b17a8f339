/** What the JSON Schema of definitions says of a place: which members there are, which values, and what they mean. */
import type { Path } from "./source";

export interface Schema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema | boolean>;
  additionalProperties?: Schema | boolean;
  items?: Schema | boolean;
  required?: string[];
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  if?: Schema;
  then?: Schema;
  else?: Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
  [keyword: string]: unknown;
}

const MOST = 200;
type Values = Record<string, unknown>;

/** Whether a value is as an `if` asks: constants of members, and members that are there, are all that definitions ask for. */
function holds(schema: Schema, value: unknown): boolean {
  const members: Values = typeof value === "object" && value !== null ? (value as Values) : {};
  return (
    (schema.required ?? []).every((name) => name in members) &&
    Object.entries(schema.properties ?? {}).every(([name, each]) => typeof each === "boolean" || each.const === undefined || !(name in members) || members[name] === each.const)
  );
}

/** All schemas that count for a value, the references and conditions followed. */
function counting(root: Schema, schema: Schema, value: unknown, found: Schema[] = []): Schema[] {
  if (found.length > MOST || found.includes(schema)) return found;
  found.push(schema);
  const more: (Schema | undefined)[] = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (schema.$ref !== undefined) more.push(schema.$ref === ANY.$ref ? META : root.$defs?.[schema.$ref.replace("#/$defs/", "")]);
  if (schema.if !== undefined) more.push(holds(schema.if, value) ? schema.then : schema.else);
  for (const each of more) if (typeof each === "object") counting(root, each, value, found);
  return found;
}

/** All schemas of a place in a definition. */
export function schemasAt(root: Schema, path: Path, value: unknown): Schema[] {
  let now = counting(root, root, value);
  let within = value;
  for (const part of path) {
    within = typeof within === "object" && within !== null ? (within as Values)[part] : undefined;
    const below = now.flatMap((each) => {
      const found = typeof part === "number" ? each.items : Object.hasOwn(each.properties ?? {}, part) ? each.properties?.[part] : each.additionalProperties;
      return typeof found === "object" ? [found] : [];
    });
    if (SCHEMAS.has(String(part))) below.push(ANY);
    now = below.flatMap((each) => counting(root, each, within));
  }
  return now;
}

/** Members of definitions that are JSON Schemas themselves: the schema of definitions says no more of them. */
const SCHEMAS: ReadonlySet<string> = new Set(["inputSchema", "outputSchema", "schema"]);
const ANY: Schema = { $ref: "json-schema" };
const MANY: Schema = { type: "array", items: ANY };
const META: Schema = {
  properties: {
    type: { enum: ["string", "number", "integer", "boolean", "array", "object", "null"], description: "Of which type the value is." },
    title: { type: "string", description: "What forms call it." },
    description: { type: "string", description: "What forms say of it, in Markdown." },
    default: { description: "The value where there is none." },
    examples: { type: "array", description: "Values that people can begin with." },
    enum: { type: "array", description: "The values that there are." },
    const: { description: "The only value." },
    format: { enum: ["date", "time", "date-time", "email", "uri", "uuid", "data-url"], description: "What a text is." },
    pattern: { type: "string", description: "A regular expression that the text has to match." },
    minLength: { type: "integer", description: "How many characters at least." },
    maxLength: { type: "integer", description: "How many characters at most." },
    minimum: { type: "number", description: "The least number." },
    maximum: { type: "number", description: "The largest number." },
    properties: { type: "object", description: "The members, by name.", additionalProperties: ANY },
    required: { type: "array", description: "The members that have to be there." },
    additionalProperties: { ...ANY, description: "Other members: false forbids them." },
    items: { ...ANY, description: "What each item of a list is." },
    prefixItems: { ...MANY, description: "What the first items are, one after the other." },
    minItems: { type: "integer", description: "How many items at least." },
    maxItems: { type: "integer", description: "How many items at most." },
    uniqueItems: { type: "boolean", description: "Whether no two items are the same." },
    oneOf: { ...MANY, description: "Exactly one of these counts." },
    anyOf: { ...MANY, description: "At least one of these counts." },
    allOf: { ...MANY, description: "All of these count." },
    if: { ...ANY, description: "If it is so …" },
    then: { ...ANY, description: "… this counts." },
    else: { ...ANY, description: "… and otherwise this." },
    readOnly: { type: "boolean", description: "Whether it is shown, and not asked for." },
  },
};

export interface Option {
  name: string;
  about: string;
  detail: string;
}

const about = (schemas: Schema[]): string => schemas.find((each) => each.description !== undefined)?.description ?? "";

/** What a schema takes, in a few words: `number, default 3`. */
export function detailOf(schemas: Schema[]): string {
  const types = [...new Set(schemas.flatMap((each) => each.type ?? []))];
  const given = schemas.find((each) => each.default !== undefined)?.default;
  return [types.join(" or "), given === undefined ? "" : `default ${JSON.stringify(given)}`].filter(Boolean).join(", ");
}

/** The members that an object at a place can have. */
export function membersAt(root: Schema, path: Path, value: unknown): Option[] {
  const found = new Map<string, Option>();
  for (const schema of schemasAt(root, path, value)) {
    for (const [name, each] of Object.entries(schema.properties ?? {})) {
      const known = found.get(name);
      if (typeof each === "boolean" || (known !== undefined && known.about !== "")) continue;
      const schemas = counting(root, each, undefined);
      found.set(name, { name, about: about(schemas), detail: detailOf(schemas) });
    }
  }
  for (const name of schemasAt(root, path, value).flatMap((each) => each.required ?? [])) if (!found.has(name)) found.set(name, { name, about: "", detail: "" });
  return [...found.values()];
}

/** The values that a place can have, as JSON. */
export function valuesAt(root: Schema, path: Path, value: unknown): Option[] {
  const schemas = schemasAt(root, path, value);
  const values = schemas.flatMap((each) => [...(each.enum ?? []), ...(each.const === undefined ? [] : [each.const]), ...(each.type === "boolean" ? [true, false] : [])]);
  return [...new Set(values.map((each) => (typeof each === "string" ? each : JSON.stringify(each))))].map((name) => ({ name, about: "", detail: "" }));
}

/** What a member of a definition means. */
export function aboutAt(root: Schema, path: Path, value: unknown): Option | undefined {
  const schemas = schemasAt(root, path, value);
  const name = String(path.at(-1) ?? "");
  const found: Option = { name, about: about(schemas), detail: detailOf(schemas) };
  return found.about === "" ? undefined : found;
}
