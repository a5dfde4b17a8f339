/** Search: everything by words, states, errors, people, times and what it is about; counts that filter; saved views. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { search as find, type SearchPage } from "~/api/operate";
import type { Hit } from "~/api/types";
import { searchRoute } from "~/app/router";
import { BulkBar, type Ids } from "~/bulk/bar";
import { collect } from "~/bulk/plan";
import { SelectFilter, TextFilter, TimeFilter } from "~/parts/filter";
import { Id } from "~/parts/id";
import { type Column, List } from "~/parts/list";
import { StateBadge } from "~/parts/state-badge";
import { words } from "~/parts/states";
import { Duration, Time } from "~/parts/time";
import { AttributeFilters } from "~/search/attributes";
import { Facets } from "~/search/facets";
import { type Asked, kindOf, KINDS, namesOf, queryOf } from "~/search/query";
import { type StateOf, useStates } from "~/search/states";
import { SavedViews } from "~/search/views";
import "~/search/search.css";
import { texts } from "~/texts";

const STATES: Record<ReturnType<typeof kindOf>, string[]> = {
  execution: ["running", "paused", "succeeded", "failed", "timedOut", "cancelled"],
  task: ["open", "completed", "rejected", "cancelled"],
  definition: ["active", "retired"],
};

export function SearchPage() {
  const { tenant } = searchRoute.useParams();
  const asked = searchRoute.useSearch();
  const navigate = searchRoute.useNavigate();
  const kind = kindOf(asked);
  const found = useQuery({
    queryKey: ["search", tenant, asked],
    queryFn: () => find(tenant, queryOf(asked, Date.now())),
    placeholderData: keepPreviousData,
  });
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const set = (change: Partial<Asked>): void => {
    choose(new Set());
    void navigate({ search: (before) => ({ ...before, cursor: undefined, ...change }) });
  };
  const names = useMemo(() => namesOf(found.data?.items ?? []), [found.data]);
  const stateOf = useStates(tenant);
  const columns = useMemo(() => columnsOf(tenant, kind, names, stateOf), [tenant, kind, names, stateOf]);
  const { data } = found;
  return (
    <>
      <div className="head">
        <h1>
          {texts.search.title} {data?.total != null && <span className="muted light">({texts.list.count(data.total)})</span>}
        </h1>
        <Freshness found={data} />
      </div>
      <Filters asked={asked} names={names} set={set}>
        <SavedViews tenant={tenant} asked={asked} onOpen={(view) => void navigate({ search: view })} />
      </Filters>
      {data?.source === "index" && data.isWhole === false && <p className="notice">{texts.search.notWhole}</p>}
      {data?.source === "tables" && <p className="notice">{texts.search.noEngine}</p>}
      <div className="search-views">
        {data?.counts && <Facets counts={data.counts} asked={asked} set={set} />}
        <div className="search-rows">
          {kind === "execution" && <BulkBar tenant={tenant} chosen={chosen} findAll={() => idsOf(tenant, asked)} onDone={() => choose(new Set())} />}
          <List
            label={texts.search.title}
            {...(kind === "execution" && { choice: { chosen, choose } })}
            list={found}
            columns={columns}
            keyOf={(row) => row.id}
            onOpen={(row) => void navigate({ ...goalOf(row, tenant) })}
            empty={texts.search.empty}
            emptyHint={texts.search.emptyHint}
            cursor={asked.cursor}
            onCursor={(cursor) => set({ cursor })}
          />
        </div>
      </div>
    </>
  );
}

const idsOf = (tenant: string, asked: Asked): Promise<Ids> =>
  collect(async (cursor) => {
    const query = { ...queryOf({ ...asked, cursor }, Date.now()), limit: 100, fields: ["id"] } as Parameters<typeof find>[1];
    const page = await find(tenant, query);
    return { ids: page.items.map((each) => each.id), next: page.next };
  });

/** How far the index is behind what has happened. */
function Freshness({ found }: { found: SearchPage | undefined }) {
  if (found?.lagSeconds == null || found.upTo === null) return null;
  return (
    <span className="muted small">
      {texts.search.fresh(found.lagSeconds)} <Time at={found.upTo} />
    </span>
  );
}

interface FiltersProps {
  asked: Asked;
  names: string[];
  set: (change: Partial<Asked>) => void;
  children: ReactNode;
}

function Filters({ asked, names, set, children }: FiltersProps) {
  const kind = kindOf(asked);
  const [isOpen, open] = useState(LESSER.some((name) => asked[name] !== undefined));
  return (
    <div className="filters" role="search">
      <div className="chips" role="group" aria-label={texts.search.kind}>
        {KINDS.map((each) => (
          <button key={each} type="button" className="chip" aria-pressed={each === kind} onClick={() => set({ kind: each, state: undefined, error: undefined, where: undefined, version: undefined })}>
            {texts.search.kinds[each]}
          </button>
        ))}
      </div>
      <TextFilter label={texts.search.words} isMain value={asked.q} onChange={(q) => set({ q })} />
      <SelectFilter label={texts.executions.columns.state} any={texts.search.anyState} choices={STATES[kind].map((each) => [each, words(each)])} value={asked.state} onChange={(state) => set({ state })} />
      <TimeFilter from={asked.from} to={asked.to} onChange={set} />
      <button type="button" className="chip narrow-only" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
        {texts.search.moreFilters}
      </button>
      <div className={isOpen ? "wide-only is-open" : "wide-only"}>
      <TextFilter label={texts.executions.definition} value={asked.definition} onChange={(definition) => set({ definition })} />
      {kind !== "task" && <TextFilter label={texts.definitions.columns.version} value={asked.version} onChange={(version) => set({ version })} />}
      {kind === "execution" && <TextFilter label={texts.search.error} value={asked.error} onChange={(error) => set({ error })} />}
      {kind !== "definition" && <TextFilter label={texts.executions.columns.step} value={asked.step} onChange={(step) => set({ step })} />}
      {kind !== "task" && <TextFilter label={texts.executions.by} value={asked.by} onChange={(by) => set({ by })} />}
      {kind === "execution" && <AttributeFilters where={asked.where} names={names} onChange={(where) => set({ where })} />}
      </div>
      {Object.values(asked).some((each) => each !== undefined) && (
        <button type="button" className="chip" onClick={() => set({ ...CLEARED, kind: asked.kind })}>
          {texts.filter.clear}
        </button>
      )}
      {children}
    </div>
  );
}

/** Filters that a narrow page shows by request, and when they filter. */
const LESSER: readonly (keyof Asked)[] = ["definition", "version", "error", "step", "by", "where"];

const CLEARED: Asked = {
  q: undefined,
  state: undefined,
  definition: undefined,
  version: undefined,
  step: undefined,
  error: undefined,
  by: undefined,
  from: undefined,
  to: undefined,
  where: undefined,
  sort: undefined,
};

/** Where a hit is shown whole. */
function goalOf(hit: Hit, tenant: string) {
  if (hit.kind === "task") return { to: "/t/$tenant/tasks", params: { tenant }, search: { task: hit.id } } as const;
  const params = { tenant, id: hit.id };
  return hit.kind === "definition" ? ({ to: "/t/$tenant/definitions/$id", params } as const) : ({ to: "/t/$tenant/executions/$id", params } as const);
}

const SHOWN_STATES: Partial<Record<string, "waiting" | "succeeded" | "failed" | "cancelled">> = {
  open: "waiting",
  completed: "succeeded",
  rejected: "failed",
  cancelled: "cancelled",
  active: "succeeded",
};

function columnsOf(tenant: string, kind: ReturnType<typeof kindOf>, names: readonly string[], stateOf: StateOf): Column<Hit>[] {
  const { columns } = texts.executions;
  const name = (row: Hit): string => (row.kind === "execution" ? row.id.split(":").slice(1).join(":") : row.kind === "task" ? (row.title ?? row.id) : row.id);
  const all: (Column<Hit> & { for?: typeof kind })[] = [
    {
      name: texts.search.kinds1[kind],
      cell: (row) => (
        <Link {...goalOf(row, tenant)} title={row.id} aria-label={name(row)}>
          {row.kind === "execution" ? <Id text={name(row)} /> : name(row)}
        </Link>
      ),
    },
    {
      name: columns.state,
      cell: (row) => <StateBadge state={row.kind === "execution" ? stateOf(row as never) : { tone: SHOWN_STATES[row.state] ?? null, word: words(row.state) }} />,
    },
    { for: "definition", name: texts.definitions.columns.title, cell: (row) => row.title, title: (row) => row.title },
    { name: columns.definition, cell: definitionOf, title: definitionOf },
    { for: "execution", name: texts.search.error, cell: (row) => row.error?.name, title: (row) => row.error?.message },
    ...names.map((attribute) => ({ name: attribute, cell: (row: Hit) => shown(row.attributes[attribute]), title: (row: Hit) => shown(row.attributes[attribute]) })),
    { name: columns.step, cell: (row) => row.step, title: (row) => row.step },
    { name: columns.started, cell: (row) => <Time at={row.startedAt} brief /> },
    { for: "execution", name: columns.duration, cell: (row) => <Duration from={row.startedAt} to={row.endedAt} /> },
    { name: columns.by, cell: (row) => row.startedBy, title: (row) => row.startedBy },
  ];
  return all.filter((each) => each.for === undefined || each.for === kind);
}

const definitionOf = ({ definitionId, version }: Hit): string => (version === null ? definitionId : `${definitionId} v${version}`);
const shown = (value: string | number | boolean | undefined): string => (value === undefined ? "" : String(value));
