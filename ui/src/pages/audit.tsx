/** Who did what, and when: filters, what changed, an export, and a check that nobody has changed the list itself. */
import Button from "@cloudscape-design/components/button";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type AuditQuery, checkAudit, readAudit } from "~/api/operate";
import type { AuditCheck, AuditEntry } from "~/api/types";
import { auditRoute } from "~/app/router";
import { saveLines } from "~/parts/download";
import { SelectFilter, TextFilter, TimeFilter } from "~/parts/filter";
import { Difference } from "~/parts/json";
import { type Column, List } from "~/parts/list";
import { ProblemAlert } from "~/parts/problem";
import { instantOf } from "~/parts/since";
import { StateBadge } from "~/parts/state-badge";
import type { Shown } from "~/parts/states";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

type Search = ReturnType<typeof auditRoute.useSearch>;
const MOST_EXPORTED = 10_000;

function queryOf(search: Search, now: number): AuditQuery {
  const { who, what, thing, refused, from, to, cursor } = search;
  const named = Object.entries({ who, what, thing, refused, to, cursor }).filter(([, value]) => value !== undefined);
  return { limit: 50, ...Object.fromEntries(named), ...(from === undefined ? {} : { from: instantOf(from, now) }) } as AuditQuery;
}

export function AuditPage() {
  const { tenant } = auditRoute.useParams();
  const search = auditRoute.useSearch();
  const navigate = auditRoute.useNavigate();
  const list = useQuery({
    queryKey: ["audit", tenant, { ...search, entry: undefined }],
    queryFn: () => readAudit(tenant, queryOf(search, Date.now())),
    placeholderData: keepPreviousData,
    refetchOnMount: "always",
  });
  const set = (change: Partial<Search>): void => void navigate({ search: (before) => ({ ...before, cursor: undefined, entry: undefined, ...change }) });
  const open = (row: AuditEntry): void => void navigate({ search: (before) => ({ ...before, entry: before.entry === String(row.number) ? undefined : String(row.number) }), replace: true });
  const columns = useMemo(() => columnsOf(open, search.entry), [search.entry]);
  const chosen = list.data?.items.find((each) => String(each.number) === search.entry);
  return (
    <>
      <div className="head">
        <h1>{texts.audit.title}</h1>
        <Tools tenant={tenant} search={search} />
      </div>
      <div className="filters" role="search">
        <TextFilter label={texts.audit.columns.who} value={search.who} onChange={(who) => set({ who })} />
        <SelectFilter label={texts.audit.columns.what} any={texts.audit.anything} choices={texts.audit.whats.map((what) => [what, what])} value={search.what} onChange={(what) => set({ what })} />
        <TextFilter label={texts.audit.columns.thing} value={search.thing} onChange={(thing) => set({ thing })} />
        <SelectFilter
          label={texts.audit.columns.result}
          any={texts.audit.anyResult}
          choices={[
            ["true", texts.audit.refused],
            ["false", texts.audit.notRefused],
          ]}
          value={search.refused}
          onChange={(refused) => set({ refused })}
        />
        <TimeFilter from={search.from} to={search.to} onChange={set} />
      </div>
      {chosen !== undefined && <Entry entry={chosen} />}
      <List
        label={texts.audit.title}
        list={list}
        columns={columns}
        keyOf={(row) => String(row.number)}
        onOpen={open}
        empty={texts.search.empty}
        emptyHint={texts.audit.emptyHint}
        cursor={search.cursor}
        onCursor={(cursor) => set({ cursor })}
      />
    </>
  );
}

function Tools({ tenant, search }: { tenant: string; search: Search }) {
  const check = useMutation({ mutationFn: () => checkWhole(tenant) });
  const save = useMutation({ mutationFn: () => exportAll(tenant, search) });
  return (
    <div className="chips">
      <span role="status" className="muted">
        {check.data !== undefined && (check.data.broken === null ? texts.audit.intact(check.data.upTo) : texts.audit.broken(check.data.broken.number, check.data.broken.why))}
        {save.data !== undefined && texts.audit.exported(save.data.entries, save.data.isWhole)}
      </span>
      <Button loading={check.isPending} onClick={() => check.mutate()}>
        {texts.audit.check}
      </Button>
      <Button loading={save.isPending} onClick={() => save.mutate()}>
        {texts.audit.export}
      </Button>
      {(check.error ?? save.error) !== null && <ProblemAlert error={check.error ?? save.error} />}
    </div>
  );
}

async function checkWhole(tenant: string): Promise<AuditCheck> {
  let found = await checkAudit(tenant, null);
  while (found.next !== null) found = await checkAudit(tenant, found.next);
  return found;
}

/** Saves what the filters find as JSON Lines, up to a bound that it tells. */
async function exportAll(tenant: string, search: Search): Promise<{ entries: number; isWhole: boolean }> {
  const lines: AuditEntry[] = [];
  const query = { ...queryOf({ ...search, cursor: undefined }, Date.now()), limit: 100 };
  let next: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof readAudit>> = await readAudit(tenant, next === null ? query : { ...query, cursor: next });
    lines.push(...page.items);
    next = page.next;
  } while (next !== null && lines.length < MOST_EXPORTED);
  saveLines(`audit-${tenant}.jsonl`, lines);
  return { entries: lines.length, isWhole: next === null };
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { facts } = texts.audit;
  const rows: [string, string | null][] = [
    [facts.route, entry.route],
    [facts.right, entry.right],
    [facts.status, entry.title === null ? String(entry.status ?? "") : `${entry.status} ${entry.title}`],
    [facts.means, entry.who === null ? null : [entry.who.means, entry.who.keyId, ...entry.who.groups].filter(Boolean).join(", ")],
    [facts.address, entry.from.address],
    [facts.agent, entry.from.userAgent],
    [facts.request, entry.from.requestId],
    [facts.hash, entry.hash],
  ];
  return (
    <section className="panel audit-entry" aria-label={texts.audit.entry(entry.number)}>
      <header>
        <h2>
          {entry.what} <span className="muted light">{entry.thing}</span>
        </h2>
      </header>
      <dl className="pairs">
        {rows
          .filter(([, value]) => value !== null && value !== "")
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {entry.changes.length === 0 && <p className="muted">{texts.audit.noChange}</p>}
      {entry.changes.map((change, index) => (
        <div key={index}>
          <h3>
            <code>{change.more === true ? texts.audit.more : change.pointer || "/"}</code>
          </h3>
          {change.more !== true && <Difference before={change.before ?? null} after={change.after ?? null} label={change.pointer || "/"} />}
        </div>
      ))}
    </section>
  );
}

const RESULTS: Record<AuditEntry["result"], Shown["tone"]> = { made: "succeeded", refused: "cancelled", failed: "failed", unknown: "pending" };

function columnsOf(open: (row: AuditEntry) => void, chosen: string | undefined): Column<AuditEntry>[] {
  const { columns, results } = texts.audit;
  return [
    {
      name: columns.number,
      cell: (row) => (
        <button type="button" className="link" aria-expanded={String(row.number) === chosen} aria-label={texts.audit.entry(row.number)} onClick={() => open(row)}>
          {row.number}
        </button>
      ),
    },
    { name: columns.at, cell: (row) => <Time at={row.at} /> },
    { name: columns.who, cell: (row) => row.who?.subject ?? texts.audit.unknown, title: (row) => row.who?.subject },
    { name: columns.what, cell: (row) => row.what },
    { name: columns.thing, cell: (row) => row.thing, title: (row) => row.thing },
    { name: columns.result, cell: (row) => <StateBadge state={{ tone: RESULTS[row.result], word: results[row.result] }} /> },
    { name: columns.status, cell: (row) => row.status, title: (row) => row.title },
    { name: columns.changes, cell: (row) => (row.changes.length === 0 ? "" : texts.audit.changes(row.changes.length)) },
  ];
}
