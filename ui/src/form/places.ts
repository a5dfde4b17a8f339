/** What a schema says about a part of a value, wherever it says it: beside it, behind references, in conditions and choices. */
import { texts } from "~/texts";

export type Members = Record<string, unknown>;
export const isMembers = (value: unknown): value is Members => typeof value === "object" && value !== null && !Array.isArray(value);
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** The schema in the same document that a `$ref` such as `#/$defs/place` names. */
export function referenced(reference: unknown, root: unknown): unknown {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
  return reference.slice(2).split("/").reduce<unknown>((at, part) => (isMembers(at) ? at[decode(part)] : undefined), root);
}

export const decode = (part: string): string => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");

/** A schema, and all others that may describe the same value, each once. */
export function beside(schema: unknown, root: unknown, seen = new Set<unknown>()): Members[] {
  if (!isMembers(schema) || seen.has(schema)) return [];
  seen.add(schema);
  const { $ref, allOf, then, else: otherwise, oneOf, anyOf, dependencies } = schema;
  const more = [referenced($ref, root), ...listOf(allOf), then, otherwise, ...listOf(oneOf), ...listOf(anyOf), ...Object.values(isMembers(dependencies) ? dependencies : {})];
  return [schema, ...more.flatMap((each) => beside(each, root, seen))];
}

/** What may describe a member or an item. */
export function within(schemas: readonly Members[], part: string, root: unknown): Members[] {
  const described = schemas.flatMap(({ properties, items, additionalItems }) => {
    if (isMembers(properties) && part in properties) return [properties[part]];
    if (Array.isArray(items)) return [items[Number(part)] ?? additionalItems];
    return /^\d+$/.test(part) ? [items] : [];
  });
  return described.flatMap((each) => beside(each, root));
}

interface Part {
  name: string;
  /** Of all that can stand beside it. */
  place: number;
}

/** Of each part of a path the name that people see, and its place on the page. */
export function partsOf(path: readonly string[], root: unknown, ui?: unknown): Part[] {
  let schemas = beside(root, root);
  let shown = ui;
  return path.map((part) => {
    const names = schemas.flatMap(({ properties }) => (isMembers(properties) ? Object.keys(properties) : []));
    const isItem = names.length === 0 && /^\d+$/.test(part);
    schemas = within(schemas, part, root);
    shown = isMembers(shown) ? shown[isItem ? "items" : part] : undefined;
    const title = [isMembers(shown) ? shown["ui:title"] : undefined, ...schemas.map((each) => each.title)].find((each) => typeof each === "string" && each !== "");
    const place = isItem ? Number(part) : names.indexOf(part);
    return { name: isItem ? texts.form.item(place + 1) : String(title ?? part), place: place < 0 ? names.length : place };
  });
}

/** A path as rjsf writes it, and the other way round: a name with a dot stands in brackets. */
export const written = (path: readonly string[]): string => path.map((each) => (/^[^.[\]"]+$/.test(each) ? `.${each}` : `["${each}"]`)).join("");
export const read = (property: string): string[] => [...property.matchAll(/\["(.*?)"\]|[^.[\]]+/g)].map(([whole, quoted]) => quoted ?? whole);

const FIELDS = "input, select, textarea, button";

/** Goes to the field of a path, or the first in it. */
export function focusAt(path: readonly string[]): void {
  const found = document.getElementById(["root", ...path].join("_"));
  const field = found?.matches(FIELDS) ? found : found?.querySelector<HTMLElement>(FIELDS);
  field?.focus();
}

/** Puts what is wrong in the order in which it stands on the page. */
export function inOrder<E extends { property?: string | undefined }>(errors: readonly E[], root: unknown): E[] {
  const placed = errors.map((error) => ({ error, places: partsOf(read(error.property ?? ""), root).map((each) => each.place) }));
  placed.sort((one, other) => {
    const at = one.places.findIndex((place, index) => place !== other.places[index]);
    return at < 0 ? one.places.length - other.places.length : (one.places[at] ?? 0) - (other.places[at] ?? -1);
  });
  return placed.map(({ error }) => error);
}
