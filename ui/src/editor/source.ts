/** The text of a definition, in YAML or JSON, which is YAML too: what it says, and where it says it. */
import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair, parseDocument, type Document } from "yaml";
import type { Json, Step } from "~/api/types";

export type Path = (string | number)[];

export interface Range {
  from: number;
  to: number;
}

export interface Fault extends Range {
  message: string;
}

export interface Source {
  text: string;
  document: Document.Parsed;
  /** What the text says; undefined while it is not well formed. */
  value: Json | undefined;
  faults: Fault[];
}

export type Language = "yaml" | "json";
export const languageOf = (text: string): Language => (/^\s*[{[]/.test(text) ? "json" : "yaml");

const MOST_ALIASES = 100;

export function sourceOf(text: string): Source {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true });
  const faults = document.errors.map(({ pos, message }) => ({ from: Math.min(pos[0], text.length), to: Math.min(pos[1], text.length), message }));
  if (faults.length > 0) return { text, document, value: undefined, faults };
  try {
    return { text, document, value: (document.toJS({ maxAliasCount: MOST_ALIASES }) ?? null) as Json, faults };
  } catch (error) {
    return { text, document, value: undefined, faults: [{ from: 0, to: 0, message: error instanceof Error ? error.message : String(error) }] };
  }
}

export const pathOf = (pointer: string): Path => pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
export const pointerOf = (path: Path): string => path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

const keyOf = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key);

/** Where a pointer leads: a plain value itself, a collection by its key or its first line; what is missing, to where it would be. */
export function rangeOf({ document, text }: Source, pointer: string): Range {
  let node: unknown = document.contents;
  let found: Range = firstLine(text, isNode(node) ? node : null);
  for (const part of pathOf(pointer)) {
    if (isMap(node)) {
      const pair = node.items.find((each) => keyOf(each) === part);
      if (pair === undefined) break;
      node = pair.value;
      found = isScalar(node) && node.range && node.range[1] > node.range[0] ? span(node) : span(pair.key as Node);
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (item === undefined) break;
      node = item;
      found = firstLine(text, isNode(item) ? item : null);
    } else break;
  }
  return found;
}

const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
const span = (node: Node): Range => ({ from: node.range?.[0] ?? 0, to: node.range?.[1] ?? 0 });

function firstLine(text: string, node: Node | null): Range {
  const { from, to } = node === null ? { from: 0, to: text.length } : span(node);
  const end = text.indexOf("\n", from);
  return { from, to: end === -1 ? to : Math.min(to, end) };
}

export interface Place {
  path: Path;
  part: "key" | "value";
  range: Range;
}

/** What stands at an offset: the innermost key or value there. */
export function placeAt({ document }: Source, offset: number): Place {
  let found: Place = { path: [], part: "value", range: { from: 0, to: 0 } };
  const into = (node: unknown, path: Path): void => {
    if (!isNode(node) || !holds(node, offset)) return;
    found = { path, part: "value", range: span(node) };
    if (isSeq(node)) node.items.forEach((item, index) => into(item, [...path, index]));
    if (!isMap(node)) return;
    for (const pair of node.items) {
      const at = [...path, keyOf(pair)];
      const { key, value } = pair;
      if (isNode(key) && holds(key, offset)) found = { path: at, part: "key", range: span(key) };
      else into(value, at);
    }
  };
  into(document.contents, []);
  return found;
}

const holds = (node: Node, offset: number): boolean => {
  const { from, to } = span(node);
  return from <= offset && offset <= Math.max(to, from);
};

/** Finds a scalar that is this text, as a key or as a value. */
export function find({ document }: Source, text: string): Place | undefined {
  let found: Place | undefined;
  const into = (node: unknown, path: Path): void => {
    if (found !== undefined) return;
    if (isScalar(node) && node.value === text) found = { path, part: "value", range: span(node) };
    if (isSeq(node)) node.items.forEach((item, index) => into(isPair(item) ? null : item, [...path, index]));
    if (!isMap(node)) return;
    for (const pair of node.items) {
      if (keyOf(pair) === text) found ??= { path, part: "key", range: span(pair.key as Node) };
      into(pair.value, [...path, keyOf(pair)]);
    }
  };
  into(document.contents, []);
  return found;
}

/** A value within a value; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((now, part) => (typeof now === "object" && now !== null ? (now as Record<string | number, unknown>)[part] : undefined), value);
}

export interface Steps {
  steps: Step[];
  /** The pointer of each step, by its path in the graph. */
  pointers: ReadonlyMap<string, string>;
}

type Raw = Record<string, unknown>;
type InnerSteps = (inner: unknown, below: string, place: string) => Step[];
const isObject = (value: unknown): value is Raw => typeof value === "object" && value !== null && !Array.isArray(value);
const objects = (value: unknown): Raw[] => (Array.isArray(value) ? value.filter(isObject) : []);
/** A member that is a text, for an object that is spread; nothing otherwise. */
const member = <N extends string>(raw: Raw, name: N): { [K in N]?: string } => (typeof raw[name] === "string" ? ({ [name]: raw[name] } as { [K in N]?: string }) : {});

/** The steps of a definition that may not be right yet: what the graph can draw of them. */
export function stepsOf(value: unknown): Steps {
  const pointers = new Map<string, string>();
  const list = (raw: unknown, above: string, place: string): Step[] =>
    (Array.isArray(raw) ? raw : []).flatMap((each: unknown, index): Step[] => {
      if (!isObject(each)) return [];
      const { include } = each;
      const included = isObject(include) ? include.definition : include;
      const id = typeof each.id === "string" ? each.id : typeof included === "string" ? `include ${included}` : null;
      if (id === null || pointers.has(`${above}${id}`)) return [];
      const pointer = `${place}/${index}`;
      pointers.set(`${above}${id}`, pointer);
      const type = included === undefined ? String(each.type ?? "?") : "include";
      return [stepOf(each, id, type, (inner, below, where) => list(inner, `${above}${id}/${below}`, `${pointer}/${where}`))];
    });
  return { steps: list(isObject(value) ? value.steps : [], "", "/steps"), pointers };
}

function stepOf(raw: Raw, id: string, type: string, inner: InnerSteps): Step {
  const step: Step = { id, type, end: raw.end === true, ...member(raw, "when"), ...member(raw, "next"), ...member(raw, "default") };
  const led = (value: unknown): { raw: Raw; next: string }[] => objects(value).flatMap((each) => (typeof each.next === "string" ? [{ raw: each, next: each.next }] : []));
  if (raw.choices !== undefined) step.choices = led(raw.choices).map((each) => ({ when: String(each.raw.when ?? ""), next: each.next }));
  if (raw.catch !== undefined) step.catch = led(raw.catch).map((each) => ({ errors: Array.isArray(each.raw.errors) ? each.raw.errors.map(String) : [], next: each.next }));
  if (Array.isArray(raw.branches)) {
    step.branches = raw.branches.flatMap((each: unknown, index) =>
      isObject(each) && typeof each.id === "string" ? [{ id: each.id, steps: inner(each.steps, `${each.id}/`, `branches/${index}/steps`) }] : [],
    );
  } else if (raw.steps !== undefined) step.steps = inner(raw.steps, "", "steps");
  return step;
}

/** The path, in the graph, of the step in which a place is. */
export function stepAt({ pointers }: Steps, path: Path): string | undefined {
  const pointer = `${pointerOf(path)}/`;
  let found: string | undefined;
  for (const [step, at] of pointers) if (pointer.startsWith(`${at}/`)) found = step; // inner ones come later
  return found;
}
