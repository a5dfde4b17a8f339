/** How executions of a list stand. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ExecutionSummary } from "~/api/types";
import { openTasksQuery } from "~/app/open-tasks";
import { type Shown, standing } from "~/parts/states";

export type StateOf = (row: Pick<ExecutionSummary, "id" | "state">) => Shown;

/** What a row of a list shows. */
export function useStates(tenant: string): StateOf {
  const { data } = useQuery(openTasksQuery(tenant));
  return useMemo(() => {
    const waiting = new Set((data?.items ?? []).map((each) => each.executionId));
    return (row) => standing(row, waiting.has(row.id));
  }, [data]);
}
