/** One execution, live: why it waits on top, graph and timeline side by side, one selection for both. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import type { Execution, HistoryEntry, JsonObject, ValueReference } from "~/api/types";
import { useLive } from "~/app/live";
import { executionQuery, executionRoute, versionQuery } from "~/app/router";
import { Children } from "~/execution/children";
import { Controls } from "~/execution/controls";
import { Facts, stateOf } from "~/execution/facts";
import { hasEnd, useHistory } from "~/execution/history";
import { HistoryList } from "~/execution/history-list";
import { Items } from "~/execution/items";
import { countsOf, isLarge, notesOf } from "~/execution/large";
import { StepPanel, type StepView, viewOf } from "~/execution/step-panel";
import { Timeline } from "~/execution/timeline";
import { firstStash, standings, type Visit, visitsOf, waysOf } from "~/execution/visits";
import "~/execution/execution.css";
import { Graph } from "~/graph/graph";
import { planOf, type PlanList, type PlanStep, stepsOf, typesOf } from "~/graph/plan";
import { Json, Value } from "~/parts/json";
import { Boundary, Failed, Loading, ProblemAlert } from "~/parts/problem";
import { StateBadge } from "~/parts/state-badge";
import { ENDED, ofTone } from "~/parts/states";
import { Time, useNow } from "~/parts/time";
import { texts } from "~/texts";

export function ExecutionPage() {
  const { tenant, id } = executionRoute.useParams();
  const [ended, setEnded] = useState(false);
  const [stamp, setStamp] = useState<unknown>(null);
  const live = useLive(stamp, ended);
  const query = useQuery({ ...executionQuery(tenant, id), refetchInterval: live });
  const [isRead, setRead] = useState(false);
  const history = useHistory(tenant, id, useLive(stamp, isRead));
  const execution = query.data;
  const hasEnded = execution !== undefined && ENDED.has(execution.state);
  if (hasEnded !== ended) setEnded(hasEnded);
  if (execution !== undefined && execution !== stamp) setStamp(execution);
  const definition = useQuery({ ...versionQuery(tenant, execution?.definitionId, execution?.version), enabled: execution !== undefined });
  const plan = useMemo(() => (definition.data === undefined ? undefined : planOf(definition.data.steps)), [definition.data]);
  const entries = useMemo(() => (history.data === undefined ? undefined : [...history.data.entries, ...history.data.newest]), [history.data]);
  const hasRead = hasEnded && (history.isError || hasEnd(entries ?? [], execution));
  if (hasRead !== isRead) setRead(hasRead); // it is asked for until it has the end, which may be written after it was read
  const visits = useMemo(
    () => (entries === undefined || plan === undefined ? [] : visitsOf(entries, typesOf(plan), execution)),
    [entries, plan, execution],
  );
  const first = useMemo(() => firstStash(definition.data?.stash ?? {}, entries ?? [], (execution?.stash ?? {}) as JsonObject), [definition.data, entries, execution]);
  if (query.isError) return <Failed title={id} error={query.error} onRetry={() => void query.refetch()} />;
  if (execution === undefined) return <Loading title={id} />;
  return (
    <>
      <Head execution={execution} tenant={tenant} plan={plan} visits={visits} />
      <p className="hidden-text" role="status">
        {stateOf(execution).word}, {execution.step}
      </p>
      <Facts execution={execution} tenant={tenant} budget={definition.data?.budget?.dollars} />
      {history.isError && <ProblemAlert error={history.error} onRetry={() => void history.refetch()} />}
      {definition.isError && <ProblemAlert error={definition.error} />}
      <Views execution={execution} plan={plan} visits={visits} entries={entries ?? []} first={first} isWhole={history.data?.isWhole ?? true} onMore={history.more} />
      <Children tenant={tenant} id={id} isLive={!hasEnded} />
      <Values execution={execution} />
    </>
  );
}

function Head({ execution, tenant, plan, visits }: { execution: Execution; tenant: string; plan: PlanList | undefined; visits: Visit[] }) {
  const { id, definitionId, version, startedBy, startedAt, parentId } = execution;
  const started = useMemo(() => new Set(visits.map((each) => each.step)), [visits]);
  return (
    <div className="head">
      <h1 title={id}>{id.split(":").slice(1).join(":")}</h1>
      <Controls execution={execution} tenant={tenant} plan={plan} started={started} />
      <p className="sub muted">
        <Link to="/t/$tenant/definitions/$id" params={{ tenant, id: definitionId }} search={{ version: String(version) }}>
          {definitionId} v{version}
        </Link>{" "}
        · {texts.execution.startedBy(startedBy ?? texts.execution.nobody)} · <Time at={startedAt} />
        {parentId !== null && (
          <>
            {" "}
            · {texts.execution.parent}{" "}
            <Link to="/t/$tenant/executions/$id" params={{ tenant, id: parentId }}>
              {parentId}
            </Link>
          </>
        )}
      </p>
    </div>
  );
}

interface ViewsProps {
  execution: Execution;
  plan: PlanList | undefined;
  visits: Visit[];
  entries: HistoryEntry[];
  first: JsonObject;
  isWhole: boolean;
  onMore: () => Promise<void>;
}

/** Graph, timeline, step and history: what is chosen in one is chosen in all, and stands in the address. */
function Views({ execution, plan, visits, entries, first, isWhole, onMore }: ViewsProps) {
  const search = executionRoute.useSearch();
  const navigate = executionRoute.useNavigate();
  const isHiding = search.hide === "succeeded";
  const now = useNow(1_000, execution.endedAt === null);
  const found = useMemo(() => standings(visits), [visits]);
  const taken = useMemo(() => waysOf(visits), [visits]);
  const counts = useMemo(() => countsOf(execution.threads, visits), [execution.threads, visits]);
  const notes = useMemo(() => notesOf(counts), [counts]);
  const large = plan === undefined ? "" : [...stepsOf(plan)].filter((each) => isLarge(each, counts)).map((each) => each.path).join(" ");
  const expanded = useMemo<ReadonlySet<string>>(() => new Set(search.open?.split(" ")), [search.open]);
  const isCollapsed = useCallback((each: PlanStep) => large.split(" ").includes(each.path) && !expanded.has(each.path), [large, expanded]);
  const isHidden = useCallback((step: PlanStep) => isHiding && found.get(step.path)?.tone === "succeeded", [isHiding, found]);
  const path = search.step ?? execution.step;
  const ofStep = useMemo(() => visits.filter((each) => each.step === path), [visits, path]);
  const visit = ofStep.find((each) => each.key === search.turn) ?? ofStep.at(-1);
  const step = useMemo(() => (plan === undefined ? undefined : [...stepsOf(plan)].find((each) => each.path === path)), [plan, path]);
  const set = useCallback(
    (change: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  );
  const select = (chosen: string, turn?: string): void => set({ step: chosen, turn });
  const onView = ({ tab, stash }: Partial<StepView>): void => set({ ...(tab && { tab }), ...(stash && { stash }) });
  return (
    <>
      <div className="views">
        <section className="panel graph-panel" aria-label={texts.execution.graph}>
          <header>
            <h2>{texts.execution.graph}</h2>
            {step !== undefined && large.split(" ").includes(path) && (
              <button type="button" className="chip" aria-expanded={expanded.has(path)} onClick={() => set({ open: toggled(expanded, path) })}>
                {expanded.has(path) ? texts.execution.collapse(step.id) : texts.execution.expand(step.id)}
              </button>
            )}
            <button type="button" className="chip" aria-pressed={isHiding} onClick={() => set({ hide: isHiding ? undefined : "succeeded" })}>
              {texts.execution.hideSucceeded}
            </button>
          </header>
          <Boundary>
            {plan && <Graph plan={plan} standings={found} taken={taken} notes={notes} isWhole={isWhole} isCollapsed={isCollapsed} isHidden={isHidden} selected={path} onSelect={(chosen) => select(chosen)} />}
          </Boundary>
          {plan && <StepTable plan={plan} standings={found} notes={notes} isWhole={isWhole} onSelect={select} />}
        </section>
        <div className="side-views">
          <section className="panel">
            <header>
              <h2>{texts.execution.timeline}</h2>
              <span className="muted small">{texts.execution.timelineHint}</span>
            </header>
            <Timeline visits={visits} now={now} selected={visit} onSelect={(chosen) => select(chosen.step, chosen.key)} />
          </section>
          <section className="panel" aria-label={step?.id ?? texts.execution.tabs.definition}>
            <StepPanel step={step} visit={visit} visits={ofStep} entries={entries} first={first} view={viewOf(search.tab, search.stash, visit)} onVisit={(chosen) => select(chosen.step, chosen.key)} onView={onView} />
            {step !== undefined && step.lists.length > 0 && <Items key={path} visits={visits} path={path} onVisit={(chosen) => select(chosen.step, chosen.key)} />}
          </section>
        </div>
      </div>
      <HistoryList entries={entries} text={search.entries ?? ""} state={search.entry} onFilter={set} isWhole={isWhole} onMore={onMore} onSelect={(entry) => select(entry.step, visits.find((each) => each.entries.includes(entry))?.key)} />
    </>
  );
}

const toggled = (paths: ReadonlySet<string>, path: string): string | undefined =>
  (paths.has(path) ? [...paths].filter((each) => each !== path) : [...paths, path]).join(" ") || undefined;

interface StepTableProps {
  plan: PlanList;
  standings: ReturnType<typeof standings>;
  notes: ReadonlyMap<string, string>;
  isWhole: boolean;
  onSelect: (path: string) => void;
}

/** A page on which the table says more than the graph, and stands first. */
const NARROW = "(max-width: 600px)";

/** The graph as a table, for who cannot see it. */
function StepTable({ plan, standings: found, notes, isWhole, onSelect }: StepTableProps) {
  const said = (path: string): string => notes.get(path) ?? texts.execution.visits(found.get(path)?.visits ?? 0, isWhole);
  return (
    <details className="step-table" open={matchMedia(NARROW).matches}>
      <summary>{texts.execution.graphTable}</summary>
      <table className="rows">
        <tbody>
          {[...stepsOf(plan)].map((step) => (
            <tr key={step.path}>
              <td>
                <button type="button" className="link" onClick={() => onSelect(step.path)}>
                  {step.path}
                </button>
              </td>
              <td>{step.type}</td>
              <td>
                <StateBadge state={ofTone(found.get(step.path)?.tone ?? "pending")} />
              </td>
              <td>{found.has(step.path) && said(step.path)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Values({ execution }: { execution: Execution }) {
  const references = (execution.references ?? {}) as Record<string, ValueReference>;
  return (
    <section className="panel stack">
      <details>
        <summary>{texts.execution.values}</summary>
        <div className="two">
          <div>
            <h3>{texts.execution.input}</h3>
            <Value value={execution.input ?? null} reference={references["/input"]} label={texts.execution.input} />
          </div>
          <div>
            <h3>{texts.execution.output}</h3>
            <Value value={execution.output ?? null} reference={references["/output"]} label={texts.execution.output} />
          </div>
        </div>
      </details>
      <details>
        <summary>{texts.execution.raw}</summary>
        <Json value={execution} label={texts.execution.raw} />
      </details>
    </section>
  );
}
