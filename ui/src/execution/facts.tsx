/** The facts of an execution: how it stands, and why it waits, since when, until when, and who can free it. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Cost, Execution, Wait } from "~/api/types";
import { money } from "~/cost/money";
import { StateBadge } from "~/parts/state-badge";
import { ENDED, ICONS, ofExecution, ofTone, ofWait, type Shown } from "~/parts/states";
import { Duration, Time } from "~/parts/time";
import { texts } from "~/texts";

const SHOWN = 4;

/** How an execution stands: what it waits for says more than the state of its last step. */
export function standing(execution: Execution): Shown {
  if (ENDED.has(execution.state) || execution.paused) return ofExecution(execution.paused ? { state: "ExecutionPaused" } : execution);
  const waits = execution.waitingFor as unknown as Wait[];
  const isRunning = execution.threads.some((each) => each.status === "ready");
  const first = waits.find((each) => each.for === "task") ?? waits.find((each) => each.for !== "message");
  return first === undefined || (isRunning && first.for !== "task") ? ofExecution(execution) : ofTone(ofWait(first));
}

export function Facts({ execution, tenant, budget }: { execution: Execution; tenant: string; budget: number | undefined }) {
  const { facts } = texts.execution;
  return (
    <section className="panel facts" aria-label={facts.label}>
      <dl>
        <Fact name={facts.state}>
          <StateBadge state={standing(execution)} />
        </Fact>
        <Fact name={facts.step}>{execution.step}</Fact>
        <Fact name={facts.duration}>
          <Duration from={execution.startedAt} to={execution.endedAt} />
        </Fact>
        {execution.deadline !== null && (
          <Fact name={facts.deadline}>
            <Time at={execution.deadline} relative />
          </Fact>
        )}
        {execution.cost !== null && (
          <Fact name={facts.cost}>
            <CostSoFar cost={execution.cost} budget={budget} />
          </Fact>
        )}
        {execution.stoppedBy !== null && <Fact name={facts.paused}>{execution.stoppedBy}</Fact>}
        {execution.reason !== null && <Fact name={facts.reason}>{execution.reason}</Fact>}
        {execution.error !== null && (
          <Fact name={facts.error}>
            <span className="state-failed state">{execution.error.name}</span> {execution.error.message}
          </Fact>
        )}
        {!ENDED.has(execution.state) && (
          <div className="why">
            <dt>{facts.why}</dt>
            <dd>
              <Why execution={execution} tenant={tenant} />
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

function CostSoFar({ cost, budget }: { cost: Cost; budget: number | undefined }) {
  const { writeUnits, readUnits, queueRequests, invocations, functionMs } = cost;
  return (
    <span className="num" title={texts.cost.counted(writeUnits, readUnits, queueRequests, invocations, functionMs)}>
      {budget === undefined ? money(cost.dollars) : texts.cost.of(money(cost.dollars), money(budget))}
    </span>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The sentence of the server, where it has one. */
function sentence(execution: Execution): string | null {
  const why = (execution as { why?: unknown }).why;
  if (typeof why === "string") return why;
  const text = typeof why === "object" && why !== null ? (why as { text?: unknown }).text : null;
  return typeof text === "string" ? text : null;
}

function Why({ execution, tenant }: { execution: Execution; tenant: string }) {
  const waits = (execution.waitingFor as unknown as Wait[]).filter((each) => each.for !== "message");
  const said = sentence(execution);
  if (waits.length === 0) return <span className="muted">{said ?? texts.execution.runs}</span>;
  const more = waits.length - SHOWN + (execution.omitted?.waitingFor ?? 0);
  return (
    <>
      {said !== null && <p>{said}</p>}
      <ul className="plain">
        {waits.slice(0, SHOWN).map((wait) => (
          <li key={`${wait.thread} ${wait.step} ${wait.for} ${wait.task ?? ""}`}>
            <WaitLine wait={wait} execution={execution} tenant={tenant} />
          </li>
        ))}
        {more > 0 && <li className="muted">{texts.execution.moreWaits(more)}</li>}
      </ul>
    </>
  );
}

function WaitLine({ wait, execution, tenant }: { wait: Wait; execution: Execution; tenant: string }) {
  const tone = ofWait(wait);
  const since = execution.threads.find((each) => each.id === wait.thread)?.startedAt;
  return (
    <>
      <span className={`state state-${tone}`}>
        <span className="state-icon" aria-hidden="true">
          {ICONS[tone]}
        </span>
        {saying(wait)}
      </span>
      <span className="muted">
        {" "}
        · {wait.step}
        {since !== undefined && (
          <>
            {" "}
            · {texts.execution.since} <Time at={since} relative />
          </>
        )}
        {wait.until !== undefined && (
          <>
            {" "}
            · {texts.execution.until} <Time at={wait.until} relative />
          </>
        )}
      </span>{" "}
      {wait.task !== undefined && (
        <Link to="/t/$tenant/tasks" params={{ tenant }} search={{ task: wait.task }}>
          {texts.execution.openTask}
        </Link>
      )}
      {wait.execution !== undefined && (
        <Link to="/t/$tenant/executions/$id" params={{ tenant, id: wait.execution }}>
          {wait.execution}
        </Link>
      )}
    </>
  );
}

function saying(wait: Wait): string {
  const { waits } = texts;
  if (wait.for === "retry") return waits.retry(wait.attempt ?? 0, wait.maxAttempts ?? 0);
  if (wait.for === "child") return waits.child("");
  if (wait.for === "event") return waits.event(wait.name ?? "", wait.key ?? null);
  if (wait.for !== "task") return waits[wait.for];
  const names = [...(wait.assignees ?? []), ...(wait.groups ?? [])];
  const who = wait.claimedBy ? waits.claimed(wait.claimedBy) : names.length > 0 ? waits.mayDo(names.join(", ")) : waits.everybody;
  return waits.task(wait.title ?? "", who);
}
