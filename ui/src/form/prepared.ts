/** A schema as rjsf draws it best: with the types that its constants imply, lists of fixed items and dependencies as draft 7 has them. What is valid stays the same. */
import { texts } from "~/texts";
import { beside, isMembers, listOf, type Members, referenced, within } from "./places";

/** Members of schemas that are values, and no schemas. */
const KEPT: ReadonlySet<string> = new Set(["const", "default", "examples", "enum"]);
/** Members of schemas that hold schemas by names of people: `items` can be one. */
const MAPS: ReadonlySet<string> = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"]);
const KINDS: ReadonlySet<string> = new Set(["string", "number", "boolean"]);

const mapped = (members: Members, change: (each: unknown, name: string) => unknown): Members =>
  Object.fromEntries(Object.entries(members).map(([name, each]) => [name, change(each, name)]));

/** Changes all schemas in a schema. */
const inside = (schema: Members, change: (each: unknown) => unknown): Members =>
  mapped(schema, (value, name) => (KEPT.has(name) ? value : MAPS.has(name) && isMembers(value) ? mapped(value, change) : change(value)));

/** The type of all constants of an `enum`, or of a `oneOf` of `const`s; undefined if they differ or are no plain values. */
function implied(schema: Members): string | undefined {
  const choices = schema.oneOf ?? schema.anyOf;
  const isAll = Array.isArray(choices) && choices.length > 0 && choices.every((each) => typeof each === "object" && each !== null && "const" in each);
  const values = Array.isArray(schema.enum) ? schema.enum : isAll ? (choices as { const: unknown }[]).map((each) => each.const) : [];
  const kinds = new Set(values.map((each) => typeof each));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined && KINDS.has(kind) ? kind : undefined;
}

export function prepared(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(prepared);
  if (!isMembers(schema)) return schema;
  const made = inside(schema, prepared);
  for (const choice of ["oneOf", "anyOf"]) if (Array.isArray(made[choice])) made[choice] = titled(made[choice].map(marked));
  const type = made.type === undefined ? implied(made) : undefined;
  return fixed(depending(type === undefined ? made : { ...made, type }));
}

/** Members in which a schema describes what is always asked for, and no choice. */
const ASKED: ReadonlySet<string> = new Set(["properties", "items", "additionalItems", "allOf", "then", "else", "dependencies"]);

/** Lets people tick what has to be ticked, such as a consent: rjsf would fill the constant in for them. */
export function unticked(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(unticked);
  if (!isMembers(schema)) return schema;
  if (schema.const === true && schema.default === undefined && schema.readOnly !== true) {
    const { const: _, ...rest } = schema;
    return { type: "boolean", ...rest, enum: [true] };
  }
  return mapped(schema, (each, name) => (!ASKED.has(name) ? each : MAPS.has(name) && isMembers(each) ? mapped(each, unticked) : unticked(each)));
}

/** Whether a boolean has to be answered, and nothing answers it beforehand: no is an answer as well as yes. */
export const isUndecided = ({ type, ...schema }: Members, isRequired: boolean | undefined): boolean =>
  isRequired === true && type === "boolean" && ["default", "const", "enum", "oneOf"].every((each) => schema[each] === undefined) && schema.readOnly !== true;

/** Fills in the members of a choice that can only be one value, such as a `kind`: who chooses has said it. */
function marked(choice: unknown): unknown {
  if (!isMembers(choice) || !isMembers(choice.properties)) return choice;
  const isMark = (each: unknown): each is { const: unknown } => isMembers(each) && "const" in each && !("default" in each) && KINDS.has(typeof each.const);
  return { ...choice, properties: mapped(choice.properties, (each) => (isMark(each) ? { type: typeof each.const, ...each, default: each.const, readOnly: true } : each)) };
}

/** Names choices without a title by the constants that mark them, or by their types, where that tells them apart. */
function titled(choices: unknown[]): unknown[] {
  const names = choices.map(nameOf);
  return choices.map((choice, index) => {
    const name = names[index];
    return isMembers(choice) && choice.title === undefined && name !== undefined && names.indexOf(name) === names.lastIndexOf(name) ? { ...choice, title: name } : choice;
  });
}

function nameOf(choice: unknown): string | undefined {
  if (!isMembers(choice) || "const" in choice || "$ref" in choice) return undefined;
  if (typeof choice.title === "string") return choice.title;
  const marks = Object.values(isMembers(choice.properties) ? choice.properties : {}).filter((each) => isMembers(each) && isMarked(each));
  if (marks.length > 0) return marks.map((each) => String((each as Members).const)).join(", ");
  return typeof choice.type === "string" ? (texts.form.types as Record<string, string>)[choice.type] : undefined;
}

/** Whether a field has nothing to say: its choice has said it. */
export const isMarked = (schema: { const?: unknown; readOnly?: boolean; default?: unknown }): boolean => schema.readOnly === true && schema.const !== undefined && schema.const === schema.default;

/** Writes `prefixItems` and `items` as the `items` and `additionalItems` that rjsf draws. */
function fixed({ prefixItems, items, ...schema }: Members): Members {
  if (!Array.isArray(prefixItems)) return items === undefined ? schema : { ...schema, items };
  return { type: "array", ...schema, items: prefixItems, ...(items === undefined ? {} : { additionalItems: items }) };
}

/** Writes `dependentRequired` and `dependentSchemas` as the `dependencies` that rjsf draws; a word of that name means nothing since 2019. */
function depending({ dependentRequired, dependentSchemas, dependencies: _, ...schema }: Members): Members {
  const made: Members = isMembers(dependentSchemas) ? { ...dependentSchemas } : {};
  for (const [name, needed] of Object.entries(isMembers(dependentRequired) ? dependentRequired : {})) {
    const more = made[name];
    made[name] = isMembers(more) ? { ...more, required: [...listOf(more.required), ...listOf(needed)] } : (more ?? needed);
  }
  return Object.keys(made).length > 0 ? { ...schema, dependencies: made } : schema;
}

/** The other way round, for the validator. */
export function restored(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(restored);
  if (!isMembers(schema)) return schema;
  const { dependencies, ...made } = inside(schema, restored);
  if (isMembers(dependencies)) made.dependentSchemas = mapped(dependencies, (each) => (Array.isArray(each) ? { required: each } : each));
  if (!Array.isArray(made.items)) return made;
  const { items, additionalItems, ...rest } = made;
  return { ...rest, prefixItems: items, ...(additionalItems === undefined ? {} : { items: additionalItems }) };
}

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

/** Puts nulls in the place of fixed items that nobody has written: rjsf draws those that are there. */
export function drawable(root: unknown, value: unknown): unknown {
  const fill = (schema: unknown, each: unknown): unknown => {
    if (!isMembers(schema)) return each;
    const inner = [referenced(schema.$ref, root), ...listOf(schema.allOf)].reduce((known: unknown, other) => fill(other, known), each);
    if (Array.isArray(schema.items)) {
      const { items } = schema;
      if (inner != null && !Array.isArray(inner)) return inner;
      const list = (inner ?? []) as unknown[];
      return Array.from({ length: Math.max(items.length, list.length) }, (_, index) => fill(items[index], list[index] ?? null));
    }
    if (Array.isArray(inner)) return inner.map((item) => fill(schema.items, item));
    if (!isMembers(inner) || !isMembers(schema.properties)) return inner;
    const filled = mapped(schema.properties, (member, name) => fill(member, inner[name]));
    return { ...inner, ...Object.fromEntries(Object.entries(filled).filter(([, member]) => member !== undefined)) };
  };
  return fill(root, value);
}

/** Takes the optional objects out that nobody has filled in: they are empty, or have their defaults alone and lack something that they need. */
export function given(root: unknown, value: unknown): unknown {
  const strip = (schemas: readonly Members[], each: unknown): unknown => {
    if (Array.isArray(each)) return each.map((item, index) => strip(within(schemas, String(index), root), item));
    if (!isMembers(each)) return each;
    const members = Object.entries(each).flatMap(([name, member]) => {
      const described = within(schemas, name, root);
      const kept = strip(described, member);
      const isOptional = described.length > 0 && !schemas.some((schema) => listOf(schema.required).includes(name));
      return isOptional && isMembers(kept) && isUnfilled(described, kept, root) ? [] : [[name, kept] as const];
    });
    return Object.fromEntries(members);
  };
  return strip(beside(root, root), cleared(root, value));
}

function isUnfilled(schemas: readonly Members[], value: Members, root: unknown): boolean {
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  if (names.length === 0) return true;
  const [schema] = schemas;
  const defaults = filledIn(schema, root);
  return names.every((name) => JSON.stringify(value[name]) === JSON.stringify(defaults[name]) || JSON.stringify(value[name]) === "[]") && lacks(schema, value, root);
}

/** The defaults that a form begins with, of the first of several choices. */
function filledIn(schema: unknown, root: unknown): Members {
  if (!isMembers(schema)) return {};
  const parts = [referenced(schema.$ref, root), ...listOf(schema.allOf), listOf(schema.oneOf)[0], listOf(schema.anyOf)[0]];
  const own = Object.entries(isMembers(schema.properties) ? schema.properties : {}).flatMap(([name, each]) => (isMembers(each) && "default" in each ? [[name, each.default] as const] : []));
  return Object.assign({}, ...parts.map((each) => filledIn(each, root)), Object.fromEntries(own)) as Members;
}

/** Whether an object has not what a schema needs, or what each of its choices does. */
function lacks(schema: unknown, value: Members, root: unknown): boolean {
  if (!isMembers(schema)) return false;
  const isOther = Object.entries(isMembers(schema.properties) ? schema.properties : {}).some(([name, each]) => isMembers(each) && "const" in each && name in value && value[name] !== each.const);
  if (isOther || listOf(schema.required).some((name) => value[String(name)] === undefined)) return true;
  if ([referenced(schema.$ref, root), ...listOf(schema.allOf)].some((each) => lacks(each, value, root))) return true;
  return [schema.oneOf, schema.anyOf].some((choices) => Array.isArray(choices) && choices.every((each) => lacks(each, value, root)));
}
