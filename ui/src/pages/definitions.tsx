/** The list of definitions, with how many executions of each are in flight. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { listDefinitions, listExecutions } from "~/api/endpoints";
import { listInterval } from "~/app/live";
import { definitionsRoute } from "~/app/router";
import { Loading, ProblemAlert } from "~/parts/problem";
import { useRows } from "~/parts/rows";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

export function DefinitionsPage() {
  const { tenant } = definitionsRoute.useParams();
  const { q } = definitionsRoute.useSearch();
  const navigate = definitionsRoute.useNavigate();
  const list = useQuery({ queryKey: ["definitions", tenant, null], queryFn: () => listDefinitions(tenant, null) });
  const running = useRunning(tenant);
  const asked = (q ?? "").toLowerCase();
  const rows = useMemo(
    () => (list.data?.items ?? []).filter((each) => `${each.id} ${each.title ?? ""}`.toLowerCase().includes(asked)),
    [list.data, asked],
  );
  const at = useRows(rows.length, (index) => {
    const row = rows[index];
    if (row) void navigate({ to: "/t/$tenant/definitions/$id", params: { tenant, id: row.id } });
  });
  const { columns } = texts.definitions;
  return (
    <>
      <div className="head">
        <h1>
          {texts.definitions.title} <span className="muted light">({rows.length})</span>
        </h1>
      </div>
      <div className="filters" role="search">
        <input className="input grow" type="search" data-filter aria-label={texts.definitions.filter} placeholder={texts.definitions.filter} value={q ?? ""} onChange={(event) => void navigate({ search: { q: event.target.value || undefined }, replace: true })} />
      </div>
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading />}
      {list.data !== undefined && rows.length === 0 && (
        <p className="empty">
          <strong>{texts.definitions.empty}</strong>
          <br />
          {texts.definitions.emptyHint}
        </p>
      )}
      {rows.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={texts.definitions.title}>
          <table className="rows">
            <thead>
              <tr>
                <th>{columns.definition}</th>
                <th>{columns.title}</th>
                <th>{columns.version}</th>
                <th>{columns.running}</th>
                <th>{columns.created}</th>
                <th>{columns.by}</th>
                <th>
                  <span className="hidden-text">{texts.definitions.start}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                <tr key={row.id} data-row={index} className={index === at ? "at" : undefined}>
                  <td>
                    <Link to="/t/$tenant/definitions/$id" params={{ tenant, id: row.id }}>
                      {row.id}
                    </Link>
                  </td>
                  <td title={row.title}>{row.title}</td>
                  <td>{row.version}</td>
                  <td>
                    <Link to="/t/$tenant/executions" params={{ tenant }} search={{ state: "running", definition: row.id }}>
                      {texts.definitions.running(running.counts.get(row.id) ?? 0, running.isMore)}
                      <span className="hidden-text"> {texts.definitions.runningOf(row.id)}</span>
                    </Link>
                  </td>
                  <td>
                    <Time at={row.createdAt} />
                  </td>
                  <td>{row.createdBy}</td>
                  <td>
                    <Link to="/t/$tenant/definitions/$id/start" params={{ tenant, id: row.id }} >
                      {texts.definitions.start}
                      <span className="hidden-text"> {row.id}</span>
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** Counts what is in flight, of the newest hundred executions: one request for the whole list. */
function useRunning(tenant: string): { counts: ReadonlyMap<string, number>; isMore: boolean } {
  const { data } = useQuery({
    queryKey: ["executions", tenant, "running"],
    queryFn: () => listExecutions(tenant, { state: ["running"], limit: 100, fields: ["definitionId"] }),
    refetchInterval: listInterval,
  });
  return useMemo(() => {
    const counts = new Map<string, number>();
    for (const { definitionId } of data?.items ?? []) counts.set(definitionId, (counts.get(definitionId) ?? 0) + 1);
    return { counts, isMore: data?.next != null };
  }, [data]);
}
