/** The list of definitions, with how many executions of each are in flight. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { listDefinitions, listExecutions } from "~/api/endpoints";
import { listInterval } from "~/app/live";
import type { DefinitionVersion } from "~/api/types";
import { meQuery } from "~/app/gate";
import { definitionsRoute } from "~/app/router";
import { RowsFilter } from "~/parts/filter";
import { type Column, List } from "~/parts/list";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

export function DefinitionsPage() {
  const { tenant } = definitionsRoute.useParams();
  const { q, cursor } = definitionsRoute.useSearch();
  const navigate = definitionsRoute.useNavigate();
  const list = useQuery({ queryKey: ["definitions", tenant, cursor ?? null], queryFn: () => listDefinitions(tenant, cursor ?? null), refetchOnMount: "always" });
  const running = useRunning(tenant);
  const rights = useQuery(meQuery(tenant)).data?.rights;
  const mayStart = rights?.includes("executions:start") ?? false;
  const asked = (q ?? "").toLowerCase();
  const rows = useMemo(
    () => (list.data?.items ?? []).filter((each) => `${each.id} ${each.title ?? ""}`.toLowerCase().includes(asked)),
    [list.data, asked],
  );
  const columns = useMemo(() => columnsOf(tenant, running, mayStart), [tenant, running, mayStart]);
  return (
    <>
      <div className="head">
        <h1>
          {texts.definitions.title} <span className="muted light">({texts.list.count(rows.length, list.data?.next != null)})</span>
        </h1>
        {rights?.includes("definitions:write") && (
          <Link to="/t/$tenant/new-definition" params={{ tenant }} className="primary">
            {texts.editor.create}
          </Link>
        )}
      </div>
      <div className="filters" role="search">
        <RowsFilter label={texts.definitions.filter} value={q ?? ""} onChange={(next) => void navigate({ search: { cursor, q: next }, replace: true })} />
      </div>
      <List
        label={texts.definitions.title}
        list={list}
        rows={rows}
        columns={columns}
        keyOf={(row) => row.id}
        onOpen={(row) => void navigate({ to: "/t/$tenant/definitions/$id", params: { tenant, id: row.id } })}
        empty={texts.definitions.empty}
        emptyHint={texts.definitions.emptyHint}
        cursor={cursor}
        onCursor={(next) => void navigate({ search: (before) => ({ ...before, cursor: next }) })}
      />
    </>
  );
}

function columnsOf(tenant: string, running: Running, mayStart: boolean): Column<DefinitionVersion>[] {
  const { columns, start, runningOf } = texts.definitions;
  return [
    {
      name: columns.definition,
      cell: ({ id }) => (
        <Link to="/t/$tenant/definitions/$id" params={{ tenant, id }}>
          {id}
        </Link>
      ),
    },
    { name: columns.title, cell: (row) => row.title, title: (row) => row.title },
    { name: columns.version, cell: (row) => row.version },
    {
      name: columns.running,
      cell: ({ id }) => (
        <Link to="/t/$tenant/executions" params={{ tenant }} search={{ state: "running", definition: id }}>
          {texts.definitions.running(running.counts.get(id) ?? 0, running.isMore)}
          <span className="hidden-text"> {runningOf(id)}</span>
        </Link>
      ),
    },
    { name: columns.created, cell: (row) => <Time at={row.createdAt} brief /> },
    { name: columns.by, cell: (row) => row.createdBy },
    ...(mayStart ? [{ name: start, isUnnamed: true, cell: ({ id }: DefinitionVersion) => <StartLink tenant={tenant} id={id} /> }] : []),
  ];
}

const StartLink = ({ tenant, id }: { tenant: string; id: string }) => (
  <Link to="/t/$tenant/definitions/$id/start" params={{ tenant, id }}>
    {texts.definitions.start}
    <span className="hidden-text"> {id}</span>
  </Link>
);

interface Running {
  counts: ReadonlyMap<string, number>;
  isMore: boolean;
}

/** Counts what is in flight, of the newest hundred executions: one request for the whole list. */
function useRunning(tenant: string): Running {
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
