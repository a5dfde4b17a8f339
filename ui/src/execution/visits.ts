/** What an execution did, by visits of its steps: folded from the history. */
import type { Execution, HistoryEntry, JsonObject, Wait } from "~/api/types";
import { ENDED, ofExecution, ofWait, type Tone } from "~/parts/states";

/** One attempt of a step in a thread. */
export interface Visit {
  /** `thread|turn|attempt`: unique in an execution. */
  key: string;
  step: string;
  type: string | undefined;
  thread: string;
  attempt: number;
  index: number | undefined;
  /** From when it could have begun: the end of what came before in its thread. */
  queued: string;
  start: string;
  end: string | null;
  tone: Tone;
  /** Whether somebody or something else is waited for. */
  waits: boolean;
  /** What the history says of it, oldest first. */
  entries: HistoryEntry[];
}

const CLOSED: Partial<Record<string, Tone>> = {
  StepSucceeded: "succeeded",
  StepFailed: "failed",
};
const WAITING_TYPES: ReadonlySet<string> = new Set(["wait", "task", "callback", "event", "workflow", "parallel", "map"]);

/** Folds the entries of a history, oldest first; `types` are the step types by path. */
export function visitsOf(
  entries: HistoryEntry[],
  types: ReadonlyMap<string, string>,
  execution: Execution | undefined,
): Visit[] {
  const visits: Visit[] = [];
  const open = new Map<string, Visit>();
  const last = new Map<string, string>();
  const begin = (entry: HistoryEntry, tone: Tone): Visit => {
    const visit: Visit = {
      key: `${entry.thread}|${entry.turn}|${entry.attempt}|${entry.step}`,
      step: entry.step,
      type: types.get(entry.step),
      thread: entry.thread,
      attempt: entry.attempt,
      index: entry.index,
      queued: last.get(entry.thread) ?? last.get(parentOf(entry.thread)) ?? entry.time,
      start: entry.time,
      end: null,
      tone,
      waits: WAITING_TYPES.has(types.get(entry.step) ?? ""),
      entries: [entry],
    };
    visits.push(visit);
    return visit;
  };
  for (const entry of entries) {
    const place = `${entry.thread}|${entry.step}`;
    const found = open.get(place);
    const closed = CLOSED[entry.state];
    if (entry.state === "StepStarted") {
      open.set(place, begin(entry, "running"));
    } else if (entry.state === "StepSkipped") {
      begin(entry, "skipped").end = entry.time;
    } else if (closed !== undefined) {
      const visit = found ?? begin(entry, closed);
      if (found !== undefined) found.entries.push(entry);
      visit.end = entry.time;
      visit.tone = entry.error?.name === "Timeout" ? "timedOut" : closed;
      open.delete(place);
    } else {
      found?.entries.push(entry);
    }
    if (entry.state.startsWith("Step") || entry.state.startsWith("Execution")) last.set(entry.thread, entry.retry?.at ?? entry.time);
  }
  for (const visit of open.values()) settleOpen(visit, execution);
  return visits;
}

/** Says of a visit that has not ended what its thread waits for, or how the execution ended around it. */
function settleOpen(visit: Visit, execution: Execution | undefined): void {
  if (execution === undefined) return;
  if (ENDED.has(execution.state)) {
    const tone = ofExecution(execution).tone ?? "cancelled";
    visit.tone = tone === "succeeded" ? "cancelled" : tone;
    visit.end = execution.endedAt;
    return;
  }
  const wait = (execution.waitingFor as unknown as Wait[]).find((each) => each.thread === visit.thread && each.step === visit.step);
  if (wait !== undefined) {
    visit.tone = ofWait(wait);
    visit.waits ||= wait.for !== "message";
  }
}

const parentOf = (thread: string): string => thread.split(".").slice(0, -2).join(".") || "main";

/** How a step stands, over all visits of it. */
export interface Standing {
  tone: Tone;
  visits: number;
  counts: Partial<Record<Tone, number>>;
}

const URGENT: Tone[] = ["person", "retrying", "paused", "running", "waiting", "failed", "timedOut"];

export function standings(visits: Visit[]): Map<string, Standing> {
  const latest = new Map<string, Map<string, Visit>>();
  const numbers = new Map<string, number>();
  for (const visit of visits) {
    const threads = latest.get(visit.step) ?? new Map<string, Visit>();
    threads.set(visit.thread, visit);
    latest.set(visit.step, threads);
    numbers.set(visit.step, (numbers.get(visit.step) ?? 0) + 1);
  }
  const found = new Map<string, Standing>();
  for (const [step, threads] of latest) {
    const counts: Partial<Record<Tone, number>> = {};
    let newest: Tone = "pending";
    for (const { tone } of threads.values()) {
      counts[tone] = (counts[tone] ?? 0) + 1;
      newest = tone;
    }
    const tone = threads.size > 1 ? (URGENT.find((each) => counts[each]) ?? newest) : newest;
    found.set(step, { tone, visits: numbers.get(step) ?? 0, counts });
  }
  return found;
}

/** The ways that were gone, as `from to`: from each visit of a thread to the next one. */
export function waysOf(visits: Visit[]): Set<string> {
  const last = new Map<string, string>();
  const ways = new Set<string>();
  for (const { thread, step } of visits) {
    ways.add(`${last.get(thread)} ${step}`);
    last.set(thread, step);
  }
  return ways;
}

/**
 * The stash at the start: the values that a definition writes as they are. One made by a template is what the execution still has,
 * or null if a step has left another one.
 */
export function firstStash(written: JsonObject, entries: HistoryEntry[], now: JsonObject): JsonObject {
  const changed = new Set(entries.filter(({ thread }) => thread === "main").flatMap(({ stash, change }) => Object.keys({ ...stash, ...change?.stash })));
  const first: JsonObject = {};
  for (const [name, value] of Object.entries(written)) {
    const isPlain = !JSON.stringify(value).includes("${");
    first[name] = isPlain ? value : changed.has(name) ? null : (now[name] ?? null);
  }
  return first;
}

/** The stash that a visit found, and what it left; of a value that is too large, null stands. */
export function stashOf(entries: HistoryEntry[], visit: Visit, first: JsonObject = {}): { before: JsonObject; after: JsonObject } {
  const end = visit.entries.at(-1);
  const before: JsonObject = { ...first };
  for (const entry of entries) {
    if (entry === end) break;
    if (isAbove(entry.thread, visit.thread)) leave(before, entry);
  }
  const after = { ...before };
  if (end !== undefined) leave(after, end);
  return { before, after };
}

const isAbove = (thread: string, below: string): boolean => below === thread || below.startsWith(`${thread}.`);

function leave(stash: JsonObject, entry: HistoryEntry): void {
  for (const [name, value] of Object.entries(entry.stash ?? {})) stash[name] = value as JsonObject[string];
  for (const [name, change] of Object.entries(entry.change?.stash ?? {})) {
    const to = (change as { to?: JsonObject[string] }).to ?? null;
    if (to === null) delete stash[name];
    else stash[name] = to;
  }
}
