/** The history of an execution: its newest entries are asked for again and again, what stands before them once. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { readHistory, readNewest } from "~/api/endpoints";
import type { Execution, HistoryEntry } from "~/api/types";

export interface Known {
  /** From the first on, without a gap. */
  entries: HistoryEntry[];
  /** Where the entries go on, if they are not the whole. */
  cursor: string | null;
  isWhole: boolean;
  /** Of a long history that is not whole: its newest entries, behind a gap. */
  newest: HistoryEntry[];
}

export const NOTHING: Known = { entries: [], cursor: null, isWhole: false, newest: [] };

export const historyKey = (tenant: string, id: string) => ["history", tenant, id] as const;

/** Reads on behind what is known, `pages` pages at most. */
export async function readOn(tenant: string, id: string, known: Known, pages: number): Promise<Known> {
  const entries = [...known.entries];
  let cursor = known.cursor;
  for (let read = 0; read < pages; read += 1) {
    const page = await readHistory(tenant, id, cursor);
    entries.push(...page.items);
    cursor = page.next;
    if (cursor === null) return { ...NOTHING, entries, isWhole: true };
  }
  return closed({ entries, cursor, isWhole: false, newest: known.newest });
}

/** Looks at the newest entries; older ones are read only where nothing is known of them. */
export async function look(tenant: string, id: string, known: Known): Promise<Known> {
  const { items: newest, next } = await readNewest(tenant, id);
  if (next === null) return same(known, { ...NOTHING, entries: newest, isWhole: true });
  const seen = same(known, closed({ ...known, newest }));
  if (seen.isWhole || known.cursor !== null) return seen;
  return readOn(tenant, id, { ...NOTHING, newest }, 1); // nothing is known yet, or more has happened than the newest tell
}

/** Puts the newest entries behind the others: without a gap, if some of them are among these. */
function closed(known: Known): Known {
  const { entries, newest } = known;
  const there = new Set(newest.map((each) => JSON.stringify(each)));
  const first = entries.length - 2 * newest.length; // the two overlap at an end
  const older = entries.filter((each, index) => index < first || !there.has(JSON.stringify(each)));
  return older.length < entries.length ? { ...NOTHING, entries: [...older, ...newest], isWhole: true } : { ...known, isWhole: false };
}

const isSame = (one: HistoryEntry | undefined, other: HistoryEntry | undefined): boolean => one?.time === other?.time && JSON.stringify(one) === JSON.stringify(other);

/** Keeps the object if nothing was added, so that nothing is drawn again. */
function same(before: Known, after: Known): Known {
  const alike = (one: HistoryEntry[], other: HistoryEntry[]): boolean => one.length === other.length && isSame(one.at(-1), other.at(-1));
  return before.isWhole === after.isWhole && alike(before.entries, after.entries) && alike(before.newest, after.newest) ? before : after;
}

/** Whether the end of an execution is among its entries: the one that it has now, and none before a redrive. */
export const hasEnd = (entries: HistoryEntry[], { state, endedAt }: Pick<Execution, "state" | "endedAt">): boolean =>
  endedAt !== null && entries.some((each) => each.state === state && each.time >= endedAt);

export function useHistory(tenant: string, id: string, refetchInterval: () => number | false) {
  const client = useQueryClient();
  const key = historyKey(tenant, id);
  const known = (): Known => client.getQueryData<Known>(key) ?? NOTHING;
  const query = useQuery({ queryKey: key, queryFn: () => look(tenant, id, known()), refetchInterval, structuralSharing: false });
  const more = async (): Promise<void> => {
    client.setQueryData(key, await readOn(tenant, id, known(), 1));
  };
  return { ...query, more };
}
