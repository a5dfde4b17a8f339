/** The history of an execution, page by page: pages that are full are not asked for again. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { readHistory, readNewest } from "~/api/endpoints";
import type { HistoryEntry } from "~/api/types";

export interface Known {
  entries: HistoryEntry[];
  /** How many of the entries stand on full pages, and the cursor behind these. */
  full: number;
  cursor: string | null;
  isWhole: boolean;
  /** Of a long history that is not whole: its newest entries, behind a gap. */
  newest: HistoryEntry[];
}

export const NOTHING: Known = { entries: [], full: 0, cursor: null, isWhole: false, newest: [] };
/** Pages that one look reads: a long history is read on by request. */
const PAGES = 5;

export const historyKey = (tenant: string, id: string) => ["history", tenant, id] as const;

/** Reads on behind what is known, `pages` pages at most. */
export async function readOn(tenant: string, id: string, known: Known, pages: number): Promise<Known> {
  let { full, cursor } = known;
  const entries = known.entries.slice(0, full);
  for (let read = 0; read < pages; read += 1) {
    const page = await readHistory(tenant, id, cursor);
    entries.push(...page.items);
    if (page.next === null) return same(known, { entries, full, cursor, isWhole: true, newest: [] });
    cursor = page.next;
    full = entries.length;
  }
  const newest = await readNewest(tenant, id);
  return { entries, full, cursor, isWhole: false, newest: newest.filter(behind(entries)) };
}

/** Tells what stands behind entries, at whose end several may have one instant. */
function behind(entries: HistoryEntry[]): (entry: HistoryEntry) => boolean {
  const last = entries.at(-1)?.time ?? "";
  const known = new Set(entries.slice(-200).map((each) => JSON.stringify(each)));
  return (entry) => entry.time >= last && !known.has(JSON.stringify(entry));
}

/** Reads of a long history what is new. */
async function renewed(tenant: string, id: string, known: Known): Promise<Known> {
  const newest = (await readNewest(tenant, id)).filter(behind(known.entries));
  return JSON.stringify(newest.at(-1)) === JSON.stringify(known.newest.at(-1)) ? known : { ...known, newest };
}

/** Keeps the object if nothing was added, so that nothing is drawn again. */
function same(before: Known, after: Known): Known {
  const last = after.entries.at(-1);
  const isSame =
    before.isWhole &&
    before.entries.length === after.entries.length &&
    JSON.stringify(before.entries.at(-1)) === JSON.stringify(last);
  return isSame ? before : after;
}

export function useHistory(tenant: string, id: string, refetchInterval: () => number | false) {
  const client = useQueryClient();
  const key = historyKey(tenant, id);
  const query = useQuery({
    queryKey: key,
    queryFn: () => {
      const known = client.getQueryData<Known>(key) ?? NOTHING;
      return known.entries.length > 0 && !known.isWhole ? renewed(tenant, id, known) : readOn(tenant, id, known, PAGES);
    },
    refetchInterval,
    structuralSharing: false,
  });
  const more = async (): Promise<void> => {
    const read = await readOn(tenant, id, client.getQueryData<Known>(key) ?? NOTHING, PAGES);
    client.setQueryData(key, read);
  };
  return { ...query, more };
}
