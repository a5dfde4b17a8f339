import { beforeEach, expect, it, vi } from "vitest";
import type { HistoryEntry } from "~/api/types";
import { hasEnd, look, NOTHING, readOn } from "./history";

let stored: HistoryEntry[] = [];
let asked: string[] = [];
const entry = (number: number): HistoryEntry => ({ time: new Date(number * 1_000).toISOString(), step: `s${number}`, state: "StepStarted" }) as HistoryEntry;
const of = (count: number): HistoryEntry[] => Array.from({ length: count }, (_, number) => entry(number));

/** Answers as the API does: pages of `limit`, in either order, with a `Link` to the next. */
function answer(request: Request): Response {
  const query = new URL(request.url).searchParams;
  asked.push(`${query.get("sort") ?? "time"} ${query.get("limit")}`);
  const limit = Number(query.get("limit"));
  const from = Number(query.get("cursor") ?? 0);
  const items = (query.get("sort") === "-time" ? stored.toReversed() : stored).slice(from, from + limit);
  const link = from + limit < stored.length ? { Link: `</sedo/tenants/a/executions/e/history?limit=${limit}&cursor=${from + limit}>; rel="next"` } : undefined;
  return Response.json(items, link && { headers: link });
}

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => answer(request));
});

it.each([0, 1, 100])("a history of %d entries takes one answer", async (count) => {
  stored = of(count);
  expect(await look("a", "e", NOTHING)).toEqual({ ...NOTHING, entries: stored, isWhole: true });
  expect(asked).toEqual(["-time 100"]);
});

it.each([101, 300, 500, 599])("one of %d entries takes two", async (count) => {
  stored = of(count);
  expect(await look("a", "e", NOTHING)).toEqual({ ...NOTHING, entries: stored, isWhole: true });
  expect(asked).toEqual(["-time 100", "time 500"]);
});

it("of a longer one both ends are read, and the rest by request", async () => {
  stored = of(1_234);
  const known = await look("a", "e", NOTHING);
  expect(known).toMatchObject({ entries: stored.slice(0, 500), newest: stored.slice(-100), isWhole: false });
  const more = await readOn("a", "e", known, 1);
  expect(more.entries).toEqual(stored.slice(0, 1_000));
  expect(await readOn("a", "e", more, 1)).toEqual({ ...NOTHING, entries: stored, isWhole: true });
  expect(asked).toEqual(["-time 100", "time 500", "time 500", "time 500"]);
});

it("a look at what is known asks for the newest alone, and keeps the object while nothing is new", async () => {
  stored = of(300);
  const known = await look("a", "e", NOTHING);
  expect(await look("a", "e", known)).toBe(known);
  stored = of(390);
  const grown = await look("a", "e", known);
  expect(grown).toEqual({ ...NOTHING, entries: stored, isWhole: true });
  expect(asked).toEqual(["-time 100", "time 500", "-time 100", "-time 100"]);
  stored = of(1_000);
  expect(await look("a", "e", grown)).toMatchObject({ entries: stored.slice(0, 500), newest: stored.slice(-100), isWhole: false });
});

it("what stands behind a gap goes on, and what people do among the newest takes its place", async () => {
  stored = of(700);
  const known = await look("a", "e", NOTHING);
  expect(await look("a", "e", known)).toBe(known);
  stored = [...of(700), entry(700)];
  expect((await look("a", "e", known)).newest).toEqual(stored.slice(-100));
  stored = of(120);
  const whole = await look("a", "e", NOTHING);
  stored = [...of(110), { ...entry(109), step: "claimed" }, ...of(120).slice(110)];
  expect((await look("a", "e", whole)).entries).toEqual(stored);
});

it("has its end once the entry of the end that the execution has now is there, and not of one before a redrive", () => {
  const failed = { ...entry(5), state: "ExecutionFailed" } as HistoryEntry;
  const end = { state: "ExecutionFailed", endedAt: entry(9).time } as const;
  expect(hasEnd([entry(1), failed], { ...end, endedAt: failed.time })).toBe(true);
  expect(hasEnd([entry(1), failed, entry(8), entry(9)], end)).toBe(false);
  expect(hasEnd([entry(1), failed, { ...failed, time: entry(9).time }, entry(10)], end)).toBe(true);
  expect(hasEnd([failed], { state: "StepStarted", endedAt: null })).toBe(false);
});
