/** Whether all works, and what waits: tables, queues, incidents, what is in flight, and the oldest of it. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { listExecutions, listTasks } from "~/api/endpoints";
import { listIncidents, readHealth, search } from "~/api/operate";
import type { HealthReport } from "~/api/types";
import { meQuery } from "~/app/gate";
import { listInterval } from "~/app/live";
import { healthRoute } from "~/app/router";
import { Fact } from "~/parts/fact";
import { Loading, ProblemAlert } from "~/parts/problem";
import { StateBadge } from "~/parts/state-badge";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

export function HealthPage() {
  const { tenant } = healthRoute.useParams();
  const me = useQuery(meQuery(tenant));
  const rights = me.data?.rights ?? [];
  return (
    <>
      <div className="head">
        <h1>{texts.health.title}</h1>
      </div>
      {rights.includes("executions:read") && <Standing tenant={tenant} mayReadTasks={rights.includes("tasks:read")} />}
      <Parts />
    </>
  );
}

/** The tables and queues of the installation. */
function Parts() {
  const health = useQuery({ queryKey: ["health"], queryFn: readHealth, refetchInterval: listInterval });
  if (health.isError) return <ProblemAlert error={health.error} onRetry={() => void health.refetch()} />;
  if (health.data === undefined) return <Loading />;
  const { parts, queues, incidents, status } = health.data;
  const isOk = status === 200;
  const open = Object.entries(incidents ?? {});
  return (
    <section className="panel">
      <header>
        <h2>{texts.health.parts}</h2>
        <StateBadge state={isOk ? { tone: "succeeded", word: texts.health.ok } : { tone: "failed", word: texts.health.broken }} />
      </header>
      <ul className="health-parts">
        {Object.entries(parts).map(([name, state]) => (
          <li key={name} title={state}>
            <StateBadge state={state === "ok" ? { tone: "succeeded", word: name } : { tone: "failed", word: `${name}: ${state}` }} />
            <Messages of={queues?.[name]} />
          </li>
        ))}
      </ul>
      {queues === null && <p className="muted small">{texts.health.notCounted}</p>}
      {open.length > 0 && (
        <p>
          {texts.health.everywhere}: {open.map(([kind, number]) => `${kind} ${number.toLocaleString("en")}`).join(" · ")}
        </p>
      )}
    </section>
  );
}

/** How many messages stand in a queue. */
function Messages({ of: queue }: { of: NonNullable<HealthReport["queues"]>[string] | undefined }) {
  if (queue === undefined) return null;
  return <span className="muted small">{texts.health.messages(queue.waiting, queue.delayed, queue.inFlight)}</span>;
}

/** What there is of each state in this tenant; the oldest of what has not ended. One question of many, while the page is looked at. */
function Standing({ tenant, mayReadTasks }: { tenant: string; mayReadTasks: boolean }) {
  const standing = useQuery({ queryKey: ["standing", tenant], queryFn: () => readStanding(tenant, mayReadTasks), refetchOnMount: "always" });
  if (standing.isError) return <ProblemAlert error={standing.error} onRetry={() => void standing.refetch()} />;
  if (standing.data === undefined) return <Loading />;
  const { counts, lag, source, incidents, oldest, task } = standing.data;
  const { facts } = texts.health;
  return (
    <section className="panel facts" aria-label={facts.label}>
      <dl>
        {counts !== null &&
          (["running", "paused", "failed", "timedOut"] as const).map((state) => (
            <Fact key={state} name={facts[state]}>
              <Link to="/t/$tenant/search" params={{ tenant }} search={{ state }}>
                {(counts[state] ?? 0).toLocaleString("en")}
              </Link>
            </Fact>
          ))}
        <Fact name={facts.incidents}>
          <Link to="/t/$tenant/incidents" params={{ tenant }}>
            {incidents.items.length}
            {incidents.next !== null && "+"}
          </Link>
        </Fact>
        <Fact name={facts.oldest}>
          {oldest === undefined ? (
            texts.health.nothing
          ) : (
            <>
              <Link to="/t/$tenant/executions/$id" params={{ tenant, id: oldest.id }}>
                {oldest.id.split(":").slice(1).join(":")}
              </Link>{" "}
              <Time at={oldest.startedAt} relative />
            </>
          )}
        </Fact>
        {mayReadTasks && (
          <Fact name={facts.task}>
            {task === undefined ? (
              texts.health.nothing
            ) : (
              <>
                <Link to="/t/$tenant/tasks" params={{ tenant }} search={{ task: task.id }}>
                  {task.title}
                </Link>{" "}
                <Time at={task.createdAt} relative />
              </>
            )}
          </Fact>
        )}
        <Fact name={facts.index}>{source === "tables" ? texts.health.noIndex : lag === null ? texts.health.noLag : texts.health.lag(lag)}</Fact>
      </dl>
    </section>
  );
}

async function readStanding(tenant: string, mayReadTasks: boolean) {
  const [found, incidents, running, tasks] = await Promise.all([
    search(tenant, { limit: 1 }),
    listIncidents(tenant, { limit: 100, fields: ["id"] }),
    listExecutions(tenant, { limit: 1, state: ["running"], sort: "startedAt" }),
    mayReadTasks ? listTasks(tenant, { limit: 1, status: "open", sort: "createdAt" }) : undefined,
  ]);
  return { counts: found.counts?.state ?? null, lag: found.lagSeconds, source: found.source, incidents, oldest: running.items[0], task: tasks?.items[0] };
}
