/** The facts of an execution: how it stands, and why it waits, since when, until when, and who can free it. */
import { Link } from "@tanstack/react-router";
import type { Cost, Execution, Thread, Wait } from "~/api/types";
import { money } from "~/cost/money";
import { Fact } from "~/parts/fact";
import { StateBadge } from "~/parts/state-badge";
import { ENDED, ICONS, ofWait, type Shown, standing } from "~/parts/states";
import { Duration, Time } from "~/parts/time";
import { texts } from "~/texts";

const SHOWN = 4;

export const stateOf = (execution: Execution): Shown =>
  standing(execution.paused && !ENDED.has(execution.state) ? { state: "ExecutionPaused" } : execution, (execution.waitingFor as unknown as Wait[]).some((each) => each.for === "task"));

export function Facts({ execution, tenant, budget }: { execution: Execution; tenant: string; budget: number | undefined }) {
  const { facts } = texts.execution;
  const hasEnded = ENDED.has(execution.state);
  return (
    <section className="panel facts" aria-label={facts.label}>
      <dl>
        <Fact name={facts.state}>
          <StateBadge state={stateOf(execution)} />
        </Fact>
        <Fact name={hasEnded ? facts.endedAt : facts.step}>{execution.step}</Fact>
        <Fact name={facts.duration}>
          <Duration from={execution.startedAt} to={execution.endedAt} />
        </Fact>
        {execution.deadline !== null && !hasEnded && (
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
            <span className="state-failed state">{execution.error.name}</span> {execution.error.message} <span className="muted">{texts.execution.atStep(execution.error.step)}</span>
          </Fact>
        )}
        <Obstacles execution={execution} />
        {!hasEnded && (
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

/** What keeps it from going on, beside what its threads wait for. */
function Obstacles({ execution }: { execution: Execution }) {
  const found = execution.why?.obstacles ?? [];
  if (found.length === 0) return null;
  return (
    <div className="why">
      <dt>{texts.execution.inTheWay}</dt>
      {found.map((each) => (
        <dd key={each.kind} className="obstacle">
          <Sentence text={each.text} />
        </dd>
      ))}
    </div>
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

/** Why it waits, in the words of the server: a line for each thread that does, with what leads there. */
function Why({ execution, tenant }: { execution: Execution; tenant: string }) {
  const { why, threads, omitted } = execution;
  const waits = (execution.waitingFor as unknown as Wait[]).filter((each) => each.for !== "message");
  const said = new Map(threads.map((each) => [each.id, each.why]));
  if (waits.length === 0) return <span className="muted">{why === undefined ? texts.execution.runs : <Sentence text={why.text} />}</span>;
  const shown = waits.slice(0, SHOWN);
  const more = waits.length - SHOWN + (omitted?.waitingFor ?? 0);
  const isOfAll = why !== undefined && !shown.some((each) => why.text.startsWith(said.get(each.thread)?.text ?? why.text));
  return (
    <>
      {isOfAll && (
        <p>
          <Sentence text={why.text} />
        </p>
      )}
      <ul className="plain">
        {shown.map((wait, index) => (
          <li key={`${wait.thread} ${wait.step} ${wait.for} ${wait.task ?? wait.execution ?? ""}`}>
            <WaitLine wait={wait} why={shown.findIndex((each) => each.thread === wait.thread) === index ? said.get(wait.thread) : undefined} tenant={tenant} />
          </li>
        ))}
        {more > 0 && <li className="muted">{texts.execution.moreWaits(more)}</li>}
      </ul>
    </>
  );
}

function WaitLine({ wait, why, tenant }: { wait: Wait; why: Thread["why"]; tenant: string }) {
  const tone = ofWait(wait);
  return (
    <>
      <span className={`state state-${tone}`}>
        <span className="state-icon" aria-hidden="true">
          {ICONS[tone]}
        </span>
        {why === undefined ? `${texts.states[tone]}: ${wait.step}` : <Sentence text={why.text} />}
      </span>{" "}
      {why !== undefined && !why.text.includes(why.then) && <span className="muted">{<Sentence text={texts.execution.then(why.then)} />}</span>}{" "}
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

const INSTANT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

const NAMED = /`([^`]+)`/;

/** A sentence of the server, with its instants in the reader's zone. */
function Sentence({ text }: { text: string }) {
  return text.split(INSTANT).map((part, index) => (index % 2 === 1 ? <Time key={index} at={part} /> : part.split(NAMED).map((each, at) => (at % 2 === 1 ? <code key={`${index}.${at}`}>{each}</code> : each))));
}
