/** What is done with many executions: which of them it can be done with, and why not with the others. */
import type { Execution } from "~/api/types";
import { inWords } from "~/parts/states";

export type Deed = "cancel" | "pause" | "resume" | "redrive";
export const DEEDS: readonly Deed[] = ["cancel", "pause", "resume", "redrive"];

/** Executions that are worked on in one go, and requests at a time. */
export const MOST = 1_000;
export const AT_A_TIME = 4;

export type Looked = { id: string; actions: Execution["actions"] } | { id: string; problem: string };

export interface Plan {
  possible: string[];
  /** Why not, and with how many; the most frequent first. */
  impossible: [string, number][];
}

export function planOf(deed: Deed, looked: readonly Looked[]): Plan {
  const possible: string[] = [];
  const reasons = new Map<string, number>();
  for (const each of looked) {
    const reason = "problem" in each ? each.problem : each.actions[deed].possible ? null : (each.actions[deed].reason ?? "");
    if (reason === null) possible.push(each.id);
    else reasons.set(inWords(reason), (reasons.get(inWords(reason)) ?? 0) + 1);
  }
  return { possible, impossible: [...reasons].sort((one, other) => other[1] - one[1]) };
}

/** Reads ids page by page, up to a bound; the last says whether there are more. */
export async function collect(ask: (cursor: string | undefined) => Promise<{ ids: string[]; next: string | null }>): Promise<{ ids: string[]; isMore: boolean }> {
  const ids: string[] = [];
  let next: string | null | undefined;
  do {
    const page: { ids: string[]; next: string | null } = await ask(next ?? undefined);
    ids.push(...page.ids);
    next = page.next;
  } while (next !== null && ids.length < MOST);
  return { ids: ids.slice(0, MOST), isMore: next !== null || ids.length > MOST };
}
