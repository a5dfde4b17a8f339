/** What went wrong though no execution failed of it, and what one does then. */
import Button from "@cloudscape-design/components/button";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type IncidentQuery, listIncidents, redriveIncident } from "~/api/operate";
import type { Incident } from "~/api/types";
import { meQuery } from "~/app/gate";
import { listInterval } from "~/app/live";
import { incidentsRoute } from "~/app/router";
import { RedriveIncidents } from "~/bulk/incidents";
import { Dialog } from "~/parts/dialog";
import { Field } from "~/parts/field";
import { SelectFilter, TextFilter, TimeFilter } from "~/parts/filter";
import { type Column, List } from "~/parts/list";
import { instantOf } from "~/parts/since";
import { StateBadge } from "~/parts/state-badge";
import { Duration, Time } from "~/parts/time";
import { texts } from "~/texts";

type Search = ReturnType<typeof incidentsRoute.useSearch>;
const KINDS = Object.keys(texts.incidents.kinds) as (keyof typeof texts.incidents.kinds)[];
const STATES = ["open", "ended"] as const;

function queryOf(search: Search, now: number): IncidentQuery {
  const { state, kind, definition, execution, from, to, cursor } = search;
  const named = Object.entries({ state, kind, definition, execution, to, cursor }).filter(([, value]) => value !== undefined);
  return { limit: 50, ...Object.fromEntries(named), ...(from === undefined ? {} : { from: instantOf(from, now) }) } as IncidentQuery;
}

export function IncidentsPage() {
  const { tenant } = incidentsRoute.useParams();
  const search = incidentsRoute.useSearch();
  const navigate = incidentsRoute.useNavigate();
  const list = useQuery({
    queryKey: ["incidents", tenant, search],
    queryFn: () => listIncidents(tenant, queryOf(search, Date.now())),
    refetchInterval: listInterval,
    placeholderData: keepPreviousData,
  });
  const set = (change: Partial<Search>): void => void navigate({ search: (before) => ({ ...before, cursor: undefined, ...change }) });
  const [asked, ask] = useState<Incident | null>(null);
  const [many, setMany] = useState<IncidentQuery | null>(null);
  const me = useQuery(meQuery(tenant));
  const mayOperate = me.data?.rights?.includes("executions:operate") ?? false;
  const columns = useMemo(() => columnsOf(tenant, mayOperate ? ask : null), [tenant, mayOperate]);
  const current = search.state ?? "open";
  return (
    <>
      <div className="head">
        <h1>{texts.incidents.title}</h1>
        <div className="chips" role="group" aria-label={texts.incidents.columns.state}>
          {STATES.map((state) => (
            <button key={state} type="button" className="chip" aria-pressed={state === current} onClick={() => set({ state })}>
              {texts.incidents.states[state]}
            </button>
          ))}
        </div>
        {mayOperate && current === "open" && (list.data?.items.length ?? 0) > 1 && (
          <Button onClick={() => setMany(queryOf({ ...search, cursor: undefined }, Date.now()))}>{texts.incidents.many.open}</Button>
        )}
      </div>
      <div className="filters" role="search">
        <SelectFilter label={texts.incidents.columns.kind} any={texts.incidents.anyKind} choices={KINDS.map((kind) => [kind, kind])} value={search.kind} onChange={(kind) => set({ kind })} />
        <TimeFilter from={search.from} to={search.to} onChange={set} />
        <TextFilter label={texts.executions.definition} value={search.definition} onChange={(definition) => set({ definition })} />
        <TextFilter label={texts.incidents.columns.execution} value={search.execution} onChange={(execution) => set({ execution })} />
      </div>
      <List
        label={texts.incidents.title}
        list={list}
        columns={columns}
        keyOf={(row) => row.id}
        onOpen={(row) => row.execution !== null && void navigate({ to: "/t/$tenant/executions/$id", params: { tenant, id: row.execution } })}
        empty={current === "open" ? texts.incidents.none : texts.search.empty}
        emptyHint={texts.incidents.noneHint}
        cursor={search.cursor}
        onCursor={(cursor) => set({ cursor })}
      />
      {many !== null && <RedriveIncidents tenant={tenant} query={many} onClose={() => setMany(null)} />}
      {asked !== null && <RemedyDialog tenant={tenant} incident={asked} onClose={() => ask(null)} />}
    </>
  );
}

function RemedyDialog({ tenant, incident, onClose }: { tenant: string; incident: Incident; onClose: () => void }) {
  const client = useQueryClient();
  const [dollars, setDollars] = useState("");
  const remedy = incident.remedy ?? "redrive";
  const asked = useMutation({
    mutationFn: () => redriveIncident(tenant, incident.id, dollars === "" ? null : Number(dollars)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["incidents", tenant] });
      onClose();
    },
  });
  const name = texts.incidents.remedies[remedy];
  return (
    <Dialog title={texts.incidents.remedyOf(name, incident.execution ?? incident.id)} submit={name} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p>{incident.why}</p>
      <p>{texts.incidents.will[remedy]}</p>
      {remedy === "resume" && <Field label={texts.execution.budget} hint={texts.execution.budgetHint} type="number" min="0" step="any" value={dollars} onChange={setDollars} />}
    </Dialog>
  );
}

/** `ask` is for those who may do something about an incident. */
function columnsOf(tenant: string, ask: ((incident: Incident) => void) | null): Column<Incident>[] {
  const { columns, kinds, states, remedies, remedyOf } = texts.incidents;
  return [
    { name: columns.state, cell: (row) => <StateBadge state={row.state === "open" ? { tone: "failed", word: states.open } : { tone: "succeeded", word: states.ended }} /> },
    { name: columns.kind, cell: (row) => row.kind },
    { name: columns.at, cell: (row) => <Time at={row.at} brief /> },
    { name: columns.for, cell: (row) => <Duration from={row.at} to={row.endedAt} /> },
    {
      name: columns.execution,
      cell: (row) =>
        row.execution === null ? (
          ""
        ) : (
          <Link to="/t/$tenant/executions/$id" params={{ tenant, id: row.execution }} title={row.execution}>
            {row.execution.split(":").slice(1).join(":")}
          </Link>
        ),
    },
    { name: columns.why, cell: (row) => <span className="wrap">{row.why}</span> },
    {
      name: columns.remedy,
      isUnnamed: true,
      cell: (row) =>
        ask !== null &&
        row.remedy !== null &&
        row.state === "open" && (
          <button type="button" className="link" aria-label={remedyOf(remedies[row.remedy], row.execution ?? row.id)} onClick={() => ask(row)}>
            {remedies[row.remedy]}
          </button>
        ),
    },
    { name: columns.next, cell: (row) => <span className="wrap muted">{row.ended ?? kinds[row.kind] ?? ""}</span> },
  ];
}
