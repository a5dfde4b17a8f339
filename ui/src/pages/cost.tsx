/** Cost by definition and by day: estimated from some executions, as no list has the cost of all. */
import Button from "@cloudscape-design/components/button";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { readCost, search as find, type SearchPage } from "~/api/operate";
import { costRoute } from "~/app/router";
import { AT_A_TIME } from "~/bulk/plan";
import { forEach } from "~/bulk/pool";
import { byDefinition, type Line, ofDay, type Sample } from "~/cost/estimate";
import { money } from "~/cost/money";
import { TextFilter, TimeFilter } from "~/parts/filter";
import { type Column, Table } from "~/parts/list";
import { Loading, ProblemAlert } from "~/parts/problem";
import { queryOf } from "~/search/query";
import { texts } from "~/texts";

/** Executions of each definition that are looked at, definitions, and days. */
const LOOKED_AT = 10;
const MOST_LINES = 10;
const MOST_DAYS = 14;

type Counts = Record<string, number>;
interface Estimate {
  samples: Sample[];
  /** Of each day, how many there are of each definition. */
  days: Map<string, Counts>;
}

export function CostPage() {
  const { tenant } = costRoute.useParams();
  const asked = costRoute.useSearch();
  const navigate = costRoute.useNavigate();
  const search = useMemo(() => ({ ...asked, from: asked.from ?? "7d" }), [asked]);
  const found = useQuery({ queryKey: ["search", tenant, "cost", search], queryFn: () => find(tenant, { ...queryOf(search, Date.now()), limit: 1 }) });
  const estimate = useMutation({ mutationFn: (page: SearchPage) => lookAt(tenant, search, page) });
  const set = (change: Partial<typeof asked>): void => {
    estimate.reset();
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  };
  const { data } = found;
  return (
    <>
      <div className="head">
        <h1>{texts.cost.title}</h1>
        {data?.counts && (
          <Button variant="primary" loading={estimate.isPending} onClick={() => estimate.mutate(data)}>
            {texts.cost.estimate}
          </Button>
        )}
      </div>
      <p className="muted">{texts.cost.hint(LOOKED_AT)}</p>
      <div className="filters" role="search">
        <TimeFilter from={search.from} to={search.to} onChange={set} />
        <TextFilter label={texts.executions.definition} value={search.definition} onChange={(definition) => set({ definition })} />
      </div>
      {found.isPending && <Loading />}
      {found.error !== null && <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />}
      {estimate.error !== null && <ProblemAlert error={estimate.error} />}
      {data?.source === "tables" && <p className="notice">{texts.cost.noEngine}</p>}
      {data?.counts && <Tables tenant={tenant} counts={data.counts} from={search.from} estimate={estimate.data ?? null} />}
    </>
  );
}

/** Reads the cost of the newest executions of the most frequent definitions, and what there was on the newest days. */
async function lookAt(tenant: string, search: Parameters<typeof queryOf>[0], page: SearchPage): Promise<Estimate> {
  const samples: Sample[] = [];
  const ids: { definition: string; id: string }[] = [];
  const days = new Map<string, Counts>();
  const { definition: definitions, day } = page.counts ?? { definition: {}, day: {} };
  const never = (): boolean => false;
  const most = Object.entries(definitions).sort((one, other) => other[1] - one[1]).slice(0, MOST_LINES);
  await forEach(most, AT_A_TIME, async ([definition]) => {
    const newest = await find(tenant, { ...queryOf({ ...search, definition }, Date.now()), limit: LOOKED_AT });
    ids.push(...newest.items.map((hit) => ({ definition, id: hit.id })));
  }, never);
  await forEach(ids, AT_A_TIME, async ({ definition, id }) => {
    const cost = await readCost(tenant, id);
    if (cost !== null) samples.push({ definition, id, dollars: cost.dollars });
  }, never);
  await forEach(Object.keys(day).sort().reverse().slice(0, MOST_DAYS), AT_A_TIME, async (each) => {
    const own = await find(tenant, { ...queryOf({ ...search, from: each, to: each }, Date.now()), limit: 1 });
    days.set(each, own.counts?.definition ?? {});
  }, never);
  return { samples, days };
}

function Tables({ tenant, counts, from, estimate }: { tenant: string; counts: NonNullable<SearchPage["counts"]>; from: string; estimate: Estimate | null }) {
  const lines = byDefinition(counts.definition, estimate?.samples ?? []);
  const days = Object.entries(counts.day).sort((one, other) => other[0].localeCompare(one[0]));
  const { columns } = texts.cost;
  const known = (dollars: number | null): string => (dollars === null ? texts.cost.unknown : money(dollars));
  const ofLines: Column<Line>[] = [
    {
      name: columns.definition,
      cell: ({ name }) => (
        <Link to="/t/$tenant/search" params={{ tenant }} search={{ definition: name, from }}>
          {name}
        </Link>
      ),
    },
    { name: columns.executions, cell: (line) => line.executions.toLocaleString("en") },
    { name: columns.looked, cell: (line) => line.looked },
    { name: columns.mean, cell: (line) => known(line.mean) },
    { name: columns.total, cell: (line) => known(line.total) },
    {
      name: columns.dearest,
      cell: ({ dearest }) =>
        dearest !== null && (
          <>
            <Link to="/t/$tenant/executions/$id" params={{ tenant, id: dearest.id }}>
              {dearest.id.split(":").slice(1).join(":")}
            </Link>{" "}
            {money(dearest.dollars)}
          </>
        ),
    },
  ];
  const ofDays: Column<[string, number]>[] = [
    {
      name: columns.day,
      cell: ([day]) => (
        <Link to="/t/$tenant/search" params={{ tenant }} search={{ from: day, to: day }}>
          {day}
        </Link>
      ),
    },
    { name: columns.executions, cell: ([, executions]) => executions.toLocaleString("en") },
    { name: columns.total, cell: ([day]) => known(estimate?.days.has(day) === true ? ofDay(estimate.days.get(day) ?? {}, lines) : null) },
  ];
  if (lines.length === 0) return <p className="empty">{texts.search.empty}</p>;
  return (
    <>
      <Table label={columns.definition} rows={lines} columns={ofLines} keyOf={(line) => line.name} />
      <h2 className="between">{columns.day}</h2>
      <Table label={columns.day} rows={days} columns={ofDays} keyOf={([day]) => day} />
    </>
  );
}
