/** Schedules: when executions start by themselves, what came of the last time, and what one does about it. */
import Button from "@cloudscape-design/components/button";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { listSchedules, type ScheduleAction } from "~/api/schedules";
import type { ScheduleSummary } from "~/api/types";
import { meQuery } from "~/app/gate";
import { listInterval } from "~/app/live";
import { schedulesRoute } from "~/app/router";
import { type Column, List } from "~/parts/list";
import { StateBadge } from "~/parts/state-badge";
import { Time } from "~/parts/time";
import { ActDialog, nameOf } from "~/schedules/act-dialog";
import { intervalInWords } from "~/schedules/content";
import { texts } from "~/texts";

type Asked = { name: string; action: ScheduleAction };

export function SchedulesPage() {
  const { tenant } = schedulesRoute.useParams();
  const { cursor } = schedulesRoute.useSearch();
  const navigate = schedulesRoute.useNavigate();
  const [asked, ask] = useState<Asked | null>(null);
  const me = useQuery(meQuery(tenant));
  const rights = me.data?.rights;
  const list = useQuery({
    queryKey: ["schedules", tenant, cursor ?? null],
    queryFn: () => listSchedules(tenant, cursor),
    refetchInterval: listInterval,
    placeholderData: keepPreviousData,
  });
  const columns = useMemo(() => columnsOf(tenant, rights ?? [], ask), [tenant, rights]);
  return (
    <>
      <div className="head">
        <h1>{texts.schedules.title}</h1>
        {rights?.includes("schedules:write") && (
          <Button variant="primary" onClick={() => void navigate({ to: "/t/$tenant/new-schedule", params: { tenant }, search: {} })}>
            {texts.schedules.make}
          </Button>
        )}
      </div>
      <List
        label={texts.schedules.title}
        list={list}
        columns={columns}
        keyOf={(row) => row.name}
        onOpen={(row) => void navigate({ to: "/t/$tenant/schedules/$name", params: { tenant, name: row.name } })}
        empty={texts.schedules.empty}
        emptyHint={texts.schedules.emptyHint}
        cursor={cursor}
        onCursor={(next) => void navigate({ search: { cursor: next } })}
      />
      {asked !== null && <ActDialog tenant={tenant} {...asked} onClose={() => ask(null)} />}
    </>
  );
}

function columnsOf(tenant: string, rights: readonly string[], ask: (asked: Asked) => void): Column<ScheduleSummary>[] {
  const { columns, states, cronIn, every, never, actionOf } = texts.schedules;
  const planOf = (row: ScheduleSummary): string => (row.cron === null ? every(intervalInWords(row.every ?? "")) : cronIn(row.cron, row.zone ?? ""));
  const actions = (row: ScheduleSummary): ScheduleAction[] => [
    ...(rights.includes("schedules:operate") ? [row.paused ? ("resume" as const) : ("pause" as const), "start" as const] : []),
    ...(rights.includes("schedules:write") ? ["delete" as const] : []),
  ];
  return [
    {
      name: columns.name,
      cell: (row) => (
        <Link to="/t/$tenant/schedules/$name" params={{ tenant, name: row.name }} title={row.name}>
          {row.title || row.name}
          {row.title && <small className="under">{row.name}</small>}
        </Link>
      ),
    },
    {
      name: columns.state,
      cell: (row) => (
        <span title={row.problem?.message}>
          <StateBadge state={row.paused ? { tone: "paused", word: states.paused } : row.problem !== null ? { tone: "failed", word: states.problem } : { tone: "succeeded", word: states.on }} />
        </span>
      ),
    },
    { name: columns.definition, cell: (row) => row.definition, title: (row) => row.definition },
    { name: columns.plan, cell: planOf, title: planOf },
    { name: columns.next, cell: (row) => (row.next[0] === undefined ? never : <Time at={row.next[0]} brief />) },
    {
      name: columns.last,
      cell: (row) =>
        row.last === null ? (
          never
        ) : (
          <Link to="/t/$tenant/executions/$id" params={{ tenant, id: row.last.execution }} title={row.last.execution}>
            <Time at={row.last.at} brief />
          </Link>
        ),
    },
    {
      name: texts.schedules.edit,
      isUnnamed: true,
      cell: (row) => (
        <span className="chips">
          {actions(row).map((action) => (
            <button key={action} type="button" className={action === "delete" ? "link danger" : "link"} aria-label={actionOf(nameOf(action), row.name)} onClick={() => ask({ name: row.name, action })}>
              {nameOf(action)}
            </button>
          ))}
        </span>
      ),
    },
  ];
}
