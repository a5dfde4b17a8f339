/** What is too large to be drawn item by item: it is one node, with counts. */
import type { Thread } from "~/api/types";
import type { PlanStep } from "~/graph/plan";
import { texts } from "~/texts";
import type { Visit } from "./visits";

/** A `map` or `parallel` with more children is one node. */
const MOST = 20;

export interface Count {
  done: number;
  total: number;
  failed: number;
  exact: boolean;
}

/** How many children the steps have, by path: what threads tell while they run, and what maps gave at their end. */
export function countsOf(threads: Thread[], visits: Visit[]): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const visit of visits) {
    const result: unknown = visit.entries.at(-1)?.result;
    if (visit.type !== "map" || visit.tone !== "succeeded" || !Array.isArray(result)) continue;
    counts.set(visit.step, { done: result.length, total: result.length, failed: result.filter(isTolerated).length, exact: true });
  }
  for (const { step, progress } of threads) if (progress) counts.set(step, progress);
  return counts;
}

/** An item that failed, and was borne, has left its error in its place. */
function isTolerated(item: unknown): boolean {
  return typeof item === "object" && item !== null && "error" in item && "index" in item && "item" in item;
}

export const notesOf = (counts: ReadonlyMap<string, Count>): Map<string, string> =>
  new Map([...counts].map(([step, { done, total, failed, exact }]) => [step, texts.execution.progress(done, total, failed, exact)]));

export function isLarge(step: PlanStep, counts: ReadonlyMap<string, Count>): boolean {
  return step.lists.length > MOST || (counts.get(step.path)?.total ?? 0) > MOST;
}
