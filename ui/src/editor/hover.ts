/** What stands under the pointer, in words. */
import { expressionBefore, type Knowledge } from "./completion";
import { aboutAt, type Option } from "./schema";
import { placeAt, type Range, sourceOf, valueAt } from "./source";

export interface About extends Option {
  range: Range;
  examples: string[];
}

const WORD = /[A-Za-z_]\w*/g;

export function aboutOffset(text: string, offset: number, { schema, functions, types }: Knowledge): About | null {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  const line = text.slice(start, end === -1 ? text.length : end);
  for (const match of line.matchAll(WORD)) {
    const range = { from: start + match.index, to: start + match.index + match[0].length };
    if (offset < range.from || offset > range.to) continue;
    const found = functions.find((each) => each.name === match[0]);
    const isCalled = /^\s*\(/.test(text.slice(range.to));
    if (found !== undefined && isCalled && expressionBefore(text.slice(start, range.to)) !== null) {
      return { name: found.name, detail: found.call ?? "jmespath", about: found.description ?? "", examples: found.examples, range };
    }
  }
  const source = sourceOf(text);
  if (source.value === undefined) return null;
  const place = placeAt(source, offset);
  const { path, part, range } = place;
  if (part === "value" && path.at(-1) === "type") {
    const type = String(valueAt(source.value, path));
    const about = types.get(type);
    if (about !== undefined) return { name: type, detail: "", about, examples: [], range };
  }
  if (part === "value" && typeof valueAt(source.value, path) === "object") return null;
  const about = aboutAt(schema, path, source.value);
  return about === undefined ? null : { ...about, examples: [], range };
}
