/** How executions of a list stand. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ExecutionSummary } from "~/api/types";
import { openTasksQuery } from "~/app/open-tasks";
import { ENDED, ofExecution, ofTone, type Shown } from "~/parts/states";

export type StateOf = (row: Pick<ExecutionSummary, "id" | "state">) => Shown;

/** What a row of a list shows: that a person is waited for says more than that it runs. */
export function useStates(tenant: string): StateOf {
  const { data } = useQuery(openTasksQuery(tenant));
  return useMemo(() => {
    const waiting = new Set((data?.items ?? []).map((each) => each.executionId));
    return (row) => (waiting.has(row.id) && !ENDED.has(row.state) && row.state !== "ExecutionPaused" ? ofTone("person") : ofExecution(row));
  }, [data]);
}
