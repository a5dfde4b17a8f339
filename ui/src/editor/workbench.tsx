/** The text of a definition, and beside it what it comes to: graph, forms, expressions, dry runs, differences. */
import { lazy, Suspense, useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { stringify } from "yaml";
import { type DryRunReport, validateDefinition } from "~/api/authoring";
import { ProblemError } from "~/api/client";
import type { ProblemEntry } from "~/api/types";
import { standings, visitsOf, waysOf } from "~/execution/visits";
import "~/execution/execution.css";
import { Graph } from "~/graph/graph";
import { planOf, typesOf } from "~/graph/plan";
import { Boundary, Loading, ProblemAlert } from "~/parts/problem";
import { Tabs } from "~/parts/tabs";
import { texts } from "~/texts";
import { CodeEditor, type Handle, type Problem } from "./code-editor";
import { Compare } from "./compare";
import { expressionAt } from "./completion";
import { DryRunPanel } from "./dry-run";
import "./editor.css";
import { useKnowledge } from "./knowledge";
import { type Language, placeAt, rangeOf, type Source, sourceOf, stepAt, stepsOf, type Steps } from "./source";
import { TryOut } from "./try-out";

const FormPreview = lazy(() => import("./form-preview"));

export type Tool = keyof typeof texts.editor.tabs;
export const TOOLS = Object.keys(texts.editor.tabs) as Tool[];

interface Props {
  tenant: string;
  /** None of a definition that was never published. */
  id: string | undefined;
  text: string;
  language: Language;
  tool: Tool;
  onTool: (tool: Tool) => void;
  onChange: (text: string) => void;
  onLanguage: (language: Language) => void;
  onProblems: (problems: Problem[]) => void;
  onSubmit: () => void;
}

/** The newest text that is well formed: the graph stays while something is being written. */
function useDrawn(source: Source): { steps: Steps; value: unknown; plan: ReturnType<typeof planOf> } {
  const last = useRef<unknown>(null);
  if (source.value !== undefined) last.current = source.value;
  const value = last.current;
  return useMemo(() => {
    const steps = stepsOf(value);
    return { steps, value, plan: planOf(steps.steps) };
  }, [value]);
}

export function Workbench({ tenant, id, text, language, tool, onTool, onChange, onLanguage, onProblems, onSubmit }: Props) {
  const knowledge = useKnowledge(tenant);
  const handle = useRef<Handle | null>(null);
  const [cursor, setCursor] = useState(0);
  const [problems, setProblems] = useState<Problem[] | null>(null);
  const [unchecked, setUnchecked] = useState<unknown>(null);
  const [report, setReport] = useState<DryRunReport | undefined>();
  const deferred = useDeferredValue(text);
  const source = useMemo(() => sourceOf(deferred), [deferred]);
  const { steps, value, plan } = useDrawn(source);
  const asked = useRef(""); // an answer may come behind that to a later question
  const check = useCallback(
    async (checked: string): Promise<Problem[]> => {
      asked.current = checked;
      let [found, error]: [Problem[] | null, unknown] = [null, null];
      try {
        found = await problemsOf(tenant, checked, language);
      } catch (refused) {
        error = refused;
      }
      if (asked.current === checked) {
        setUnchecked(error);
        setProblems(found);
        onProblems(found ?? []);
      }
      return found ?? [];
    },
    [tenant, language, onProblems],
  );
  const toStep = (path: string): void => {
    const pointer = steps.pointers.get(path);
    if (pointer !== undefined) handle.current?.choose(rangeOf(source, pointer));
  };
  const selected = useMemo(() => (source.value === undefined ? undefined : stepAt(steps, placeAt(source, cursor).path)), [source, steps, cursor]);
  const defined = definedIn(value);
  const translate = (next: Language): void => {
    if (source.value === undefined || next === language) return;
    handle.current?.replace(next === "json" ? `${JSON.stringify(source.value, null, 2)}\n` : stringify(source.value));
    onLanguage(next);
  };
  return (
    <div className="bench">
      <section className="panel" aria-label={texts.editor.source}>
        <header>
          <h2>{texts.definitions.source}</h2>
          <span className="segments" role="group" aria-label={texts.editor.language} title={texts.editor.loses}>
            {(["yaml", "json"] as const).map((each) => (
              <button key={each} type="button" className="chip" aria-pressed={each === language} disabled={source.value === undefined} onClick={() => translate(each)}>
                {texts.editor.languages[each]}
              </button>
            ))}
          </span>
        </header>
        <CodeEditor text={text} language={language} knowledge={knowledge} check={check} onChange={onChange} onCursor={setCursor} onSubmit={onSubmit} handle={handle} />
        <p className="muted small">{texts.editor.keys}</p>
        {unchecked !== null && <ProblemAlert error={unchecked} />}
        <Problems text={text} problems={problems} onChoose={(each) => handle.current?.choose(each)} />
      </section>
      <section className="panel" aria-label={texts.editor.tools}>
        <Tabs label={texts.editor.tools} tabs={TOOLS.filter((each) => id !== undefined || each !== "compare").map((each) => ({ id: each, name: texts.editor.tabs[each] }))} current={tool} onChange={onTool}>
          <Boundary key={tool}>
            {tool === "graph" && <LiveGraph plan={plan} report={report} selected={selected} onSelect={toStep} onPlan={() => setReport(undefined)} />}
            {tool === "form" && (
              <Suspense fallback={<Loading />}>
                <FormPreview value={value} steps={steps} />
              </Suspense>
            )}
            {tool === "try" && <TryOut tenant={tenant} definition={defined} expression={expressionAt(deferred, cursor)} />}
            {tool === "run" && <DryRunPanel tenant={tenant} definition={defined} value={source.value} plan={plan} onReport={setReport} />}
            {tool === "compare" && id !== undefined && <Compare tenant={tenant} id={id} text={deferred} />}
          </Boundary>
        </Tabs>
      </section>
    </div>
  );
}

function definedIn(value: unknown): string {
  const id = typeof value === "object" && value !== null ? (value as { id?: unknown }).id : undefined;
  return typeof id === "string" && /^[a-z0-9-]{1,64}$/.test(id) ? id : "";
}

/** What is wrong with a text: how it is written, or what the server says of it. */
async function problemsOf(tenant: string, text: string, language: Language): Promise<Problem[]> {
  const source = sourceOf(text);
  if (source.faults.length > 0) return source.faults.map((each) => ({ ...each, severity: "error" }));
  const at = (severity: Problem["severity"]) => (entry: ProblemEntry): Problem => ({ ...rangeOf(source, entry.pointer), severity, message: entry.right === undefined ? entry.message : `${entry.message} — ${entry.right}` });
  try {
    const { problems, warnings } = await validateDefinition(tenant, text, language);
    return [...problems.map(at("error")), ...warnings.map(at("warning"))];
  } catch (error) {
    if (error instanceof ProblemError && error.status === 400) {
      const entries = error.problem.errors ?? [];
      return entries.length > 0 ? entries.map((each) => ({ ...lineRange(text, each.line), severity: "error", message: each.message })) : [{ from: 0, to: 0, severity: "error", message: error.problem.detail }];
    }
    throw error;
  }
}

function lineRange(text: string, line: number | undefined): { from: number; to: number } {
  const before = text.split("\n").slice(0, Math.max(0, (line ?? 1) - 1));
  const from = Math.min(text.length, before.join("\n").length + (before.length > 0 ? 1 : 0));
  const end = text.indexOf("\n", from);
  return { from, to: end === -1 ? text.length : end };
}

function Problems({ text, problems, onChoose }: { text: string; problems: Problem[] | null; onChoose: (problem: Problem) => void }) {
  const errors = problems?.filter((each) => each.severity === "error").length ?? 0;
  const said = problems === null ? texts.editor.checking : problems.length === 0 ? texts.editor.noProblems : texts.editor.problemCount(errors, problems.length - errors);
  return (
    <>
      <p role="status" className={problems !== null && problems.length === 0 ? "state-succeeded state" : "strong"}>
        {said}
      </p>
      {problems !== null && problems.length > 0 && (
        <ul className="problems" aria-label={texts.editor.problems}>
          {problems.map((each, index) => (
            <li key={index}>
              <button type="button" onClick={() => onChoose(each)}>
                <span className={`problem-${each.severity}`}>
                  <span aria-hidden="true">{each.severity === "error" ? "✕" : "⚠"}</span> <span className="hidden-text">{texts.editor.severity[each.severity]}, </span>
                  {texts.editor.line(text.slice(0, each.from).split("\n").length)}
                </span>{" "}
                {each.message}
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

interface LiveGraphProps {
  plan: ReturnType<typeof planOf>;
  report: DryRunReport | undefined;
  selected: string | undefined;
  onSelect: (path: string) => void;
  onPlan: () => void;
}

function LiveGraph({ plan, report, selected, onSelect, onPlan }: LiveGraphProps) {
  const visits = useMemo(() => (report === undefined ? undefined : visitsOf(report.history, typesOf(plan), undefined)), [report, plan]);
  const found = useMemo(() => (visits === undefined ? undefined : { standings: standings(visits), taken: waysOf(visits) }), [visits]);
  if (plan.steps.length === 0) return <p className="empty">{texts.editor.noSteps}</p>;
  return (
    <>
      {report !== undefined && (
        <button type="button" className="chip" onClick={onPlan}>
          {texts.editor.noRunInGraph}
        </button>
      )}
      <Graph plan={plan} selected={selected} onSelect={onSelect} {...found} />
    </>
  );
}

