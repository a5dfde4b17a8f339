/** What is searched for: the address, the query of the API, and attributes as texts. */
import type { SearchQuery } from "~/api/operate";
import { instantOf } from "~/parts/since";

/** The texts of an address of the search. */
export interface Asked {
  kind?: string;
  q?: string;
  state?: string;
  definition?: string;
  version?: string;
  step?: string;
  error?: string;
  by?: string;
  from?: string;
  to?: string;
  /** A line for each attribute: `orderId=A-17`, `total=>100`. */
  where?: string;
  sort?: string;
  cursor?: string;
}

export type Kind = "execution" | "definition" | "task";
export const KINDS: readonly Kind[] = ["execution", "definition", "task"];
export const kindOf = (asked: Asked): Kind => KINDS.find((each) => each === asked.kind) ?? "execution";

export interface Attribute {
  name: string;
  value: string;
}

export function attributesOf(where: string | undefined): Attribute[] {
  const lines = (where ?? "").split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const at = line.indexOf("=");
    return at < 0 ? { name: line, value: "" } : { name: line.slice(0, at), value: line.slice(at + 1) };
  });
}

export const whereOf = (attributes: readonly Attribute[]): string | undefined =>
  attributes.map(({ name, value }) => `${name}=${value}`).join("\n") || undefined;

/** Makes the query of the API. */
export function queryOf(asked: Asked, now: number): Partial<SearchQuery> {
  const query: Record<string, unknown> = { limit: 50, kind: kindOf(asked) };
  const { q, definition, step, error, to, cursor } = asked;
  for (const [name, value] of Object.entries({ q, definition, step, error, to, cursor, startedBy: asked.by })) {
    if (value !== undefined && value !== "") query[name] = value;
  }
  if (asked.state !== undefined) query["state"] = asked.state.split(",");
  if (asked.version !== undefined) query["version"] = asked.version; // the server says what is wrong with it
  if (asked.from !== undefined) query["from"] = instantOf(asked.from, now);
  if (asked.sort === "startedAt") query["sort"] = asked.sort;
  for (const { name, value } of attributesOf(asked.where)) query[`attribute.${name}`] = value;
  return query as Partial<SearchQuery>;
}

/** The names of attributes that rows have, in the order in which they are met. */
export function namesOf(rows: readonly { attributes: Record<string, unknown> }[]): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row.attributes)) names.add(name);
  return [...names];
}
