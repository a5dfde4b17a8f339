/** The search attributes of the rows of a list, which has none: one search of the time in which they began. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { search } from "~/api/operate";
import type { ExecutionSummary, Hit } from "~/api/types";
import { namesOf } from "./query";

type Attributes = Hit["attributes"];
const NOTHING: ReadonlyMap<string, Attributes> = new Map();

const isLacking = (hits: readonly Hit[], rows: readonly ExecutionSummary[]): boolean => {
  const found = new Set(hits.map((hit) => hit.id));
  return rows.some((row) => !found.has(row.id));
};

export function useAttributes(tenant: string, rows: readonly ExecutionSummary[]): { of: ReadonlyMap<string, Attributes>; names: string[] } {
  const times = rows.map((row) => row.startedAt).sort();
  const { data } = useQuery({
    queryKey: ["attributes", tenant, rows.map((row) => row.id)],
    queryFn: () => search(tenant, { limit: 100, from: times[0], to: times.at(-1), fields: ["id", "attributes"] } as Parameters<typeof search>[1]),
    enabled: rows.length > 0,
    staleTime: 60_000,
    // what has just begun is in the index a moment later
    refetchInterval: ({ state }) => (state.dataUpdateCount < 4 && state.data?.source === "index" && isLacking(state.data.items, rows) ? 2_000 : false),
    retry: false,
    refetchOnWindowFocus: false,
    placeholderData: (before) => before,
  });
  return useMemo(() => {
    if (data === undefined || data.source === "tables") return { of: NOTHING, names: [] };
    const of = new Map(data.items.map((hit) => [hit.id, hit.attributes]));
    const names = namesOf(rows.flatMap((row) => (of.has(row.id) ? [{ attributes: of.get(row.id) ?? {} }] : [])));
    return { of, names };
  }, [data, rows]);
}
