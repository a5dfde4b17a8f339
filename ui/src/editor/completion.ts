/** What can be written at a place: members and values by the JSON Schema of definitions, steps, names in the stash, functions. */
import { membersAt, type Option, type Schema, valuesAt } from "./schema";
import { find, type Path, sourceOf, stepsOf, valueAt } from "./source";

export interface TemplateFunction {
  name: string;
  call: string | null;
  description: string | null;
  examples: string[];
}

/** What the server says of the language. */
export interface Knowledge {
  schema: Schema;
  functions: TemplateFunction[];
  /** What each step type does, by its name. */
  types: ReadonlyMap<string, string>;
  /** The ids of the tenant's definitions. */
  definitions: string[];
}

export interface Choice extends Option {
  kind: "member" | "value" | "step" | "name" | "function";
  /** What is written in its place. */
  apply?: string;
}

export interface Completion {
  from: number;
  choices: Choice[];
}

const HERE = "sedo-is-written-here";
const WORD = /[\w.-]*$/;
const EXPRESSION_WORD = /[A-Za-z_]?[\w.]*$/;

export function completionAt(text: string, offset: number, knowledge: Knowledge): Completion | null {
  const line = lineBefore(text, offset);
  const expression = expressionBefore(line);
  if (expression !== null) return inExpression(text, offset, expression, knowledge);
  const from = offset - (WORD.exec(line)?.[0].length ?? 0);
  const behind = /^[\w.-]*/.exec(text.slice(offset))?.[0].length ?? 0;
  const place = placeOf(text, from, offset + behind);
  if (place === null) return null;
  const choices = place.part === "key" ? members(place, knowledge) : values(place, knowledge);
  return choices.length === 0 ? null : { from, choices };
}

const lineBefore = (text: string, offset: number): string => text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);

/** The expression in which the end of a line is; null outside of one. `when` needs no `${ }`. */
export function expressionBefore(line: string): string | null {
  const open = line.lastIndexOf("${");
  if (open > line.lastIndexOf("}") && line[open - 1] !== "$") return line.slice(open + 2);
  const bare = /(?:^|[\s{,"-])"?when"?:\s+(.*)$/.exec(line)?.[1];
  return bare !== undefined && !/[},]/.test(bare) ? bare.replace(/^["']/, "") : null;
}

interface Written {
  part: "key" | "value";
  path: Path;
  value: unknown;
}

/** Finds where in the definition something is being written: a word takes its place, and is looked for. */
function placeOf(text: string, from: number, to: number): Written | null {
  const before = lineBefore(text, from);
  const after = text.slice(to).split("\n", 1)[0] ?? "";
  const isBlock = /^\s*(?:- +)*$/.test(before) && after.trim() === "";
  for (const written of isBlock ? [`${HERE}: `, HERE] : [HERE]) {
    const source = sourceOf(`${text.slice(0, from)}${written}${text.slice(to)}`);
    const place = find(source, HERE);
    if (place !== undefined) return { part: place.part, path: place.path, value: without(source.document.toJS({ maxAliasCount: 100 })) };
  }
  return null;
}

/** Takes out what was put in to find the place. */
function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without);
  if (typeof value !== "object" || value === null) return value === HERE ? null : value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== HERE).map(([name, each]) => [name, without(each)]));
}

function members({ path, value }: Written, { schema }: Knowledge): Choice[] {
  const there = valueAt(value, path);
  const known = typeof there === "object" && there !== null ? there : {};
  return membersAt(schema, path, value)
    .filter((each) => !(each.name in known))
    .map((each) => ({ ...each, kind: "member", apply: `${each.name}: ` }));
}

const STEP_MEMBERS: ReadonlySet<unknown> = new Set(["next", "default"]);

function values({ path, value }: Written, { schema, types, definitions }: Knowledge): Choice[] {
  const name = path.at(-1);
  if (STEP_MEMBERS.has(name)) return stepsBeside(value, path);
  if (name === "include" || name === "definition") return definitions.map((id) => ({ name: id, about: "", detail: "", kind: "value" }));
  return valuesAt(schema, path, value).map((each) => ({ ...each, about: name === "type" ? (types.get(each.name) ?? "") : each.about, kind: "value" }));
}

/** The steps of the list in which a place is. */
function stepsBeside(value: unknown, path: Path): Choice[] {
  const list = path.slice(0, path.lastIndexOf("steps") + 1);
  const steps = valueAt(value, list);
  const own = path[list.length];
  return (Array.isArray(steps) ? steps : []).flatMap((each: unknown, index): Choice[] => {
    const { id, type } = (typeof each === "object" && each !== null ? each : {}) as { id?: unknown; type?: unknown };
    return typeof id === "string" && index !== own ? [{ name: id, about: "", detail: String(type ?? ""), kind: "step" }] : [];
  });
}

const SCOPE: Record<string, { about: string; members: string[] }> = {
  input: { about: "The input of the execution.", members: [] },
  output: { about: "The result of the step before; in `output`, that of the step itself.", members: [] },
  stash: { about: "What steps have left, by name.", members: [] },
  item: { about: "The item, in a map.", members: [] },
  index: { about: "The number of the item, in a map.", members: [] },
  error: { about: "The error that was caught.", members: ["name", "message", "step", "attempt", "details"] },
  execution: { about: "The execution.", members: ["id", "name", "tenantId", "definitionId", "version", "startedAt", "startedBy", "parentId"] },
  step: { about: "The step.", members: ["id", "attempt", "startedAt", "token"] },
};

function inExpression(text: string, offset: number, expression: string, { functions }: Knowledge): Completion | null {
  if (/`[^`]*$/.test(expression.replace(/`[^`]*`/g, "")) || /'[^']*$/.test(expression.replace(/'[^']*'/g, ""))) return null;
  const word = EXPRESSION_WORD.exec(expression)?.[0] ?? "";
  const dot = word.lastIndexOf(".");
  const from = offset - word.length + dot + 1;
  const names = (found: string[], detail: string): Completion | null =>
    found.length === 0 ? null : { from, choices: found.map((name) => ({ name, about: "", detail, kind: "name" })) };
  if (dot >= 0) {
    const [first = "", ...more] = word.slice(0, dot).split(".");
    const value = leniently(text);
    if (first === "stash" && more.length === 0) return names(stashNames(value), "stash");
    if (first === "input") return names(inputNames(value, more), "input");
    return names(more.length === 0 ? (SCOPE[first]?.members ?? []) : [], first);
  }
  const scope = Object.entries(SCOPE).map(([name, { about }]): Choice => ({ name, about, detail: "", kind: "name" }));
  return { from, choices: [...scope, ...functions.map(ofFunction)] };
}

const ofFunction = ({ name, call, description }: TemplateFunction): Choice => ({ name, about: description ?? "", detail: call ?? "jmespath", kind: "function", apply: `${name}(` });

/** What a text says, as far as it is well formed. */
function leniently(text: string): unknown {
  try {
    return sourceOf(text).document.toJS({ maxAliasCount: 100 });
  } catch {
    return null;
  }
}

/** All names under which steps leave something in the stash. */
export function stashNames(value: unknown): string[] {
  const found = new Set<string>();
  const leave = (stash: unknown): void => {
    if (typeof stash === "string") found.add(stash);
    else if (typeof stash === "object" && stash !== null) for (const name of Object.keys(stash)) found.add(name);
  };
  leave(valueAt(value, ["stash"]));
  for (const pointer of stepsOf(value).pointers.values()) {
    const step = valueAt(value, pointer.split("/").slice(1));
    leave(valueAt(step, ["stash"]));
    const caught = valueAt(step, ["catch"]);
    if (Array.isArray(caught)) for (const each of caught) leave(valueAt(each, ["stash"]));
  }
  return [...found].sort();
}

function inputNames(value: unknown, path: string[]): string[] {
  const schema = path.reduce<unknown>((now, name) => valueAt(now, ["properties", name]), valueAt(value, ["inputSchema"]));
  const properties = valueAt(schema, ["properties"]);
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}

/** The expression around an offset, as `${ }` or `when` has it; null outside of one. */
export function expressionAt(text: string, offset: number): string | null {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  const line = text.slice(start, end === -1 ? text.length : end);
  for (const match of line.matchAll(/\$\{((?:`[^`]*`|'[^']*'|[^}])*)\}/g)) {
    if (match.index + start <= offset && offset <= match.index + match[0].length + start) return (match[1] ?? "").trim();
  }
  const bare = /(?:^|[\s{,"-])"?when"?:\s+(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^"'].*))\s*$/.exec(line.replace(/[,}]\s*$/, ""));
  return bare === null ? null : (bare[1] ?? bare[2]?.replaceAll("''", "'") ?? bare[3] ?? "").replace(/\s#.*$/, "").trim();
}
