/** What executions have cost, by definition, day, state and error: sums of what each has counted. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { search as find, type SearchPage } from "~/api/operate";
import { listInterval } from "~/app/live";
import { costRoute } from "~/app/router";
import { type Grouping, type Line, linesOf } from "~/cost/lines";
import { moneyOf, moneyOfMillion } from "~/cost/money";
import { Fact } from "~/parts/fact";
import { TextFilter, TimeFilter } from "~/parts/filter";
import { type Column, Table } from "~/parts/list";
import { Loading, ProblemAlert } from "~/parts/problem";
import { queryOf } from "~/search/query";
import { words } from "~/parts/states";
import { texts } from "~/texts";

type Found = { counts: NonNullable<SearchPage["counts"]>; dollars: NonNullable<SearchPage["dollars"]> };
const GROUPINGS: readonly Grouping[] = ["definition", "day", "state", "step", "error"];

export function CostPage() {
  const { tenant } = costRoute.useParams();
  const asked = costRoute.useSearch();
  const navigate = costRoute.useNavigate();
  const search = useMemo(() => ({ ...asked, from: asked.from ?? "7d" }), [asked]);
  const found = useQuery({
    queryKey: ["search", tenant, "cost", search],
    queryFn: () => find(tenant, { ...queryOf(search, Date.now()), limit: 1 }),
    refetchInterval: listInterval,
    placeholderData: keepPreviousData,
  });
  const set = (change: Partial<typeof asked>): void => void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const { data } = found;
  return (
    <>
      <div className="head">
        <h1>{texts.cost.title}</h1>
      </div>
      <p className="muted">{texts.cost.hint}</p>
      <div className="filters" role="search">
        <TimeFilter from={search.from} to={search.to} onChange={set} />
        <TextFilter label={texts.executions.definition} value={search.definition} onChange={(definition) => set({ definition })} />
      </div>
      {found.isPending && <Loading />}
      {found.error !== null && <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />}
      {data?.source === "tables" && <p className="notice">{texts.cost.noEngine}</p>}
      {data?.counts && data.dollars === null && <p className="empty">{data.total === 0 ? texts.search.empty : texts.cost.notBuilt}</p>}
      {data?.counts && data.dollars && <Sums tenant={tenant} found={{ counts: data.counts, dollars: data.dollars }} total={data.total ?? 0} {...search} />}
    </>
  );
}

/** Of executions with many steps, most are counted as one: no step has that name. */
const isOther = (by: Grouping, name: string): boolean => by === "step" && name === "*";

interface SumsProps {
  tenant: string;
  found: Found;
  total: number;
  from: string;
  to?: string | undefined;
  definition?: string | undefined;
}

function Sums({ tenant, found, total, from, to, definition }: SumsProps) {
  const { counts, dollars } = found;
  const { columns } = texts.cost;
  const written = moneyOf(GROUPINGS.flatMap((by) => Object.values(dollars[by])));
  return (
    <>
      <section className="panel facts" aria-label={texts.cost.together}>
        <dl>
          <Fact name={columns.executions}>{total.toLocaleString("en")}</Fact>
          <Fact name={columns.total}>{written(dollars.total)}</Fact>
          <Fact name={columns.mean}>{total === 0 ? texts.health.nothing : moneyOfMillion(dollars.total / total)}</Fact>
        </dl>
      </section>
      {GROUPINGS.map((by) => {
        const lines = linesOf(by, counts[by], dollars[by]);
        const first: Column<Line> = {
          name: texts.cost.by[by],
          cell: ({ name }) => isOther(by, name) ? texts.cost.otherSteps : (
            <Link to="/t/$tenant/search" params={{ tenant }} search={{ definition, ...(by === "day" ? { from: name, to: name } : { from, to, [by]: name }) }}>
              {by === "state" ? words(name) : name}
            </Link>
          ),
        };
        const others: Column<Line>[] = [
          { name: columns.executions, isNumber: true, cell: (line) => line.executions === 0 ? "" : texts.list.count(line.executions) },
          { name: columns.mean, isNumber: true, cell: (line) => line.executions === 0 ? "" : moneyOfMillion(line.dollars / line.executions) },
          { name: columns.total, isNumber: true, cell: (line) => written(line.dollars) },
        ];
        return (
          lines.length > 0 && (
            <section key={by}>
              <h2 className="between">{texts.cost.by[by]}</h2>
              <Table label={texts.cost.by[by]} isEven rows={lines} columns={[first, ...others]} keyOf={(line) => line.name} />
            </section>
          )
        );
      })}
    </>
  );
}
