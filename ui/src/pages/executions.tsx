/** The list of executions: filters in the address, rows by keyboard. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type ExecutionQuery, listDefinitions, listExecutions } from "~/api/endpoints";
import type { ExecutionSummary } from "~/api/types";
import { meQuery } from "~/app/gate";
import { listInterval } from "~/app/live";
import { executionsRoute } from "~/app/router";
import { BulkBar, type Ids } from "~/bulk/bar";
import { collect } from "~/bulk/plan";
import { RowsFilter, SelectFilter, TextFilter } from "~/parts/filter";
import { Id } from "~/parts/id";
import { type Column, List } from "~/parts/list";
import { StateBadge } from "~/parts/state-badge";
import { Duration, Time } from "~/parts/time";
import { type StateOf, useStates } from "~/search/states";
import { useAttributes } from "~/search/of-rows";
import { texts } from "~/texts";

type Search = ReturnType<typeof executionsRoute.useSearch>;
const DAY_MS = 86_400_000;
const MOST_ATTRIBUTES = 4;
const NO_ROWS: ExecutionSummary[] = [];

/** The chips: what most people look for first. */
const CHIPS: { name: string; search: Partial<Search> }[] = [
  { name: texts.executions.chips.all, search: {} },
  { name: texts.executions.chips.running, search: { state: "running" } },
  { name: texts.executions.chips.person, search: { state: "running", waits: "person" } },
  { name: texts.executions.chips.failed, search: { state: "failed,timedOut", from: "day" } },
  { name: texts.executions.chips.paused, search: { state: "paused" } },
  { name: texts.executions.chips.succeeded, search: { state: "succeeded" } },
];

/** Makes the query of the API from the address. `day` is rounded to a minute, so that a poll asks for the same. */
export function queryOf(search: Search, now: number): ExecutionQuery {
  const { state, definition, by, parent, from, cursor } = search;
  const since = from === "day" ? new Date(Math.floor((now - DAY_MS) / 60_000) * 60_000).toISOString() : from;
  return {
    limit: 50,
    ...(state === undefined ? {} : { state: state.split(",") as ExecutionQuery["state"] }),
    ...(definition === undefined ? {} : { definition }),
    ...(by === undefined ? {} : { startedBy: by }),
    ...(parent === undefined ? {} : { parent }),
    ...(since === undefined ? {} : { from: since }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

export function ExecutionsPage() {
  const { tenant } = executionsRoute.useParams();
  const search = executionsRoute.useSearch();
  const navigate = executionsRoute.useNavigate();
  const list = useQuery({
    queryKey: ["executions", tenant, search.state, search.definition, search.by, search.parent, search.from, search.cursor],
    queryFn: () => listExecutions(tenant, queryOf(search, Date.now())),
    refetchInterval: listInterval,
    placeholderData: keepPreviousData,
  });
  const stateOf = useStates(tenant);
  const mayStart = useQuery(meQuery(tenant)).data?.rights?.includes("executions:start") ?? false;
  const shown = useMemo(() => matching(list.data?.items ?? [], search, stateOf), [list.data, search, stateOf]);
  const attributes = useAttributes(tenant, list.data?.items ?? NO_ROWS);
  const columns = useMemo(() => columnsOf(tenant, stateOf, attributes), [tenant, stateOf, attributes]);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const set = (change: Partial<Search>): void => {
    choose(new Set());
    void navigate({ search: (before) => ({ ...before, cursor: undefined, ...change }), replace: true });
  };
  return (
    <>
      <div className="head">
        <h1>
          {texts.executions.title} <span className="muted light">({texts.list.count(shown.length, list.data?.next != null)})</span>
        </h1>
        {mayStart && (
          <Link to="/t/$tenant/definitions" params={{ tenant }} className="primary">
            {texts.executions.start}
          </Link>
        )}
      </div>
      <Filters search={search} tenant={tenant} set={set} />
      <BulkBar tenant={tenant} chosen={chosen} findAll={isOfRows(search) ? null : () => idsOf(tenant, search)} onDone={() => choose(new Set())} />
      <List
        label={texts.executions.title}
        choice={{ chosen, choose }}
        list={list}
        rows={shown}
        columns={columns}
        keyOf={(row) => row.id}
        onOpen={(row) => void navigate({ to: "/t/$tenant/executions/$id", params: { tenant, id: row.id } })}
        empty={texts.executions.empty}
        emptyHint={texts.executions.emptyHint}
        cursor={search.cursor}
        onCursor={(cursor) => set({ cursor })}
      />
    </>
  );
}

/** Whether a filter is of the rows here: the server does not know it. */
const isOfRows = ({ q, waits }: Search): boolean => q !== undefined || waits !== undefined;

/** All that the filters of the address find, without those of the rows here. */
const idsOf = (tenant: string, search: Search): Promise<Ids> =>
  collect(async (cursor) => {
    const page = await listExecutions(tenant, { ...queryOf({ ...search, cursor }, Date.now()), limit: 100, fields: ["id"] });
    return { ids: page.items.map((each) => each.id), next: page.next };
  });

const matching = (rows: ExecutionSummary[], { q, waits }: Search, stateOf: StateOf): ExecutionSummary[] => {
  const asked = (q ?? "").toLowerCase();
  const found = waits === "person" ? rows.filter((each) => stateOf(each).tone === "person") : rows;
  if (asked === "") return found;
  return found.filter((each) => [each.id, each.step, each.startedBy, stateOf(each).word].some((value) => value?.toLowerCase().includes(asked)));
};

function Filters({ search, tenant, set }: { search: Search; tenant: string; set: (change: Partial<Search>) => void }) {
  const definitions = useQuery({ queryKey: ["definitions", tenant, null], queryFn: () => listDefinitions(tenant, null) });
  const isOn = (chip: Partial<Search>): boolean => chip.state === search.state && chip.from === search.from && chip.waits === search.waits;
  return (
    <div className="filters" role="search">
      <div className="chips" role="group" aria-label={texts.executions.columns.state}>
        {CHIPS.map((chip) => (
          <button
            key={chip.name}
            type="button"
            className="chip"
            aria-pressed={isOn(chip.search)}
            onClick={() => set({ state: undefined, from: undefined, waits: undefined, ...chip.search })}
          >
            {chip.name}
          </button>
        ))}
      </div>
      <SelectFilter label={texts.executions.definition} any={texts.executions.anyDefinition} choices={definitions.data?.items.map(({ id }) => [id, id] as const) ?? []} value={search.definition} onChange={(definition) => set({ definition })} />
      <TextFilter label={texts.executions.by} value={search.by} onChange={(by) => set({ by })} />
      <RowsFilter label={texts.executions.filter} value={search.q ?? ""} onChange={(q) => set({ q, cursor: search.cursor })} />
      {search.parent !== undefined && (
        <button type="button" className="chip" aria-pressed="true" onClick={() => set({ parent: undefined })}>
          {texts.executions.parent(search.parent)} ✕
        </button>
      )}
    </div>
  );
}

const definitionOf = ({ definitionId, version }: ExecutionSummary): string => `${definitionId} v${version}`;
const nameOf = (id: string): string => id.split(":").slice(1).join(":");

type Attributes = ReturnType<typeof useAttributes>;

function columnsOf(tenant: string, stateOf: StateOf, attributes: Attributes): Column<ExecutionSummary>[] {
  const { columns } = texts.executions;
  return [
    {
      name: columns.execution,
      cell: ({ id }) => (
        <Link to="/t/$tenant/executions/$id" params={{ tenant, id }} title={id} aria-label={nameOf(id)}>
          <Id text={nameOf(id)} />
        </Link>
      ),
    },
    { name: columns.state, cell: (row) => <StateBadge state={stateOf(row)} /> },
    { name: columns.definition, cell: definitionOf, title: definitionOf },
    ...attributes.names.slice(0, MOST_ATTRIBUTES).map((name) => {
      const cell = ({ id }: ExecutionSummary): string => String(attributes.of.get(id)?.[name] ?? "");
      return { name, cell, title: cell };
    }),
    { name: columns.step, cell: (row) => row.step, title: (row) => row.step },
    { name: columns.started, cell: (row) => <Time at={row.startedAt} brief /> },
    { name: columns.duration, cell: (row) => <Duration from={row.startedAt} to={row.endedAt} /> },
    { name: columns.by, cell: (row) => row.startedBy, title: (row) => row.startedBy },
  ];
}
