/** A dry run of the text as it stands: nothing is called, and nothing is kept. */
import Button from "@cloudscape-design/components/button";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { type DryRunReport, testDefinition } from "~/api/authoring";
import type { Json } from "~/api/types";
import { parsed } from "~/execution/stash-change";
import { type PlanList, stepsOf as stepsIn } from "~/graph/plan";
import { Json as JsonText } from "~/parts/json";
import { ProblemAlert } from "~/parts/problem";
import { words } from "~/parts/states";
import { texts } from "~/texts";
import { mocksOf, type Recorded } from "./mocks";
import { RecordedPicker, useRecording } from "./recorded";
import { planOf } from "~/graph/plan";

interface Props {
  tenant: string;
  definition: string;
  /** What the text says; undefined while it is not well formed. */
  value: Json | undefined;
  plan: PlanList;
  onReport: (report: DryRunReport | undefined) => void;
}

export function DryRunPanel({ tenant, definition, value, plan, onReport }: Props) {
  const [chosen, choose] = useState("");
  const [step, setStep] = useState("");
  const [input, setInput] = useState("{}");
  const [mocks, setMocks] = useState("{}");
  const recording = useRecording(tenant, chosen);
  const recorded = useMemo(() => {
    if (recording.data === undefined) return undefined;
    const { entries, definition: ran } = recording.data;
    return mocksOf(entries, new Map([...stepsIn(planOf(ran.steps))].map((each) => [each.path, each.step])));
  }, [recording.data]);
  useEffect(() => {
    if (recording.data === undefined || recorded === undefined) return;
    setInput(JSON.stringify(recording.data.execution.input ?? null, null, 2));
    setMocks(JSON.stringify(recorded.mocks, null, 2));
  }, [recording.data, recorded]);
  const [givenInput, givenMocks] = [useMemo(() => read(input), [input]), useMemo(() => parsed(mocks), [mocks])];
  const run = useMutation({
    mutationFn: () =>
      testDefinition(tenant, definition, { definition: value ?? null, input: givenInput.value ?? null, mocks: (givenMocks.value ?? {}) as Record<string, Json>, ...(step === "" ? {} : { step }) }),
    onSuccess: onReport,
    onError: () => onReport(undefined),
  });
  const isReady = value !== undefined && definition !== "" && givenInput.error === undefined && givenMocks.error === undefined;
  return (
    <form
      className="bench-tool"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) run.mutate();
      }}
    >
      <RecordedPicker tenant={tenant} definition={definition} chosen={chosen} onChoose={choose} />
      {recorded !== undefined && <Gaps recorded={recorded} />}
      <label className="field">
        <span className="strong">{texts.editor.step}</span>
        <select className="input" value={step} onChange={(event) => setStep(event.target.value)}>
          <option value="">{texts.editor.allSteps}</option>
          {[...stepsIn(plan)].filter((each) => each.type !== "include").map((each) => (
            <option key={each.path}>{each.path}</option>
          ))}
        </select>
      </label>
      <TextOfJson label={texts.editor.input} text={input} error={givenInput.error} onChange={setInput} />
      <TextOfJson label={texts.editor.mocks} hint={texts.editor.mocksHint} text={mocks} error={givenMocks.error} onChange={setMocks} />
      <span>
        <Button formAction="submit" loading={run.isPending} disabled={!isReady} disabledReason={definition === "" ? texts.editor.needId : texts.editor.broken}>
          {texts.editor.run}
        </Button>
      </span>
      <div role="status" className="bench-tool">
        {run.isError && <ProblemAlert error={run.error} />}
        {run.data !== undefined && <Outcome report={run.data} />}
      </div>
    </form>
  );
}

function read(text: string): { value?: Json; error?: string } {
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function Gaps({ recorded: { gaps } }: { recorded: Recorded }) {
  if (gaps.length === 0) return null;
  return (
    <ul className="plain">
      {gaps.map(({ step, why }) => (
        <li key={step} className="problem-warning">
          {step}: {texts.editor.gaps[why]}
        </li>
      ))}
    </ul>
  );
}

interface TextProps {
  label: string;
  hint?: string;
  text: string;
  error: string | undefined;
  onChange: (text: string) => void;
}

function TextOfJson({ label, hint, text, error, onChange }: TextProps) {
  return (
    <label className="field">
      <span className="strong">{label}</span>
      {hint !== undefined && <span className="muted small">{hint}</span>}
      <textarea className="input" rows={5} spellCheck={false} value={text} aria-invalid={error !== undefined} onChange={(event) => onChange(event.target.value)} onKeyDown={(event) => event.ctrlKey && event.key === "Enter" && event.currentTarget.form?.requestSubmit()} />
      {error !== undefined && <span className="field-error">{texts.start.broken(error)}</span>}
    </label>
  );
}

const toneOfRun = (state: string): string => (/Failed|TimedOut/.test(state) ? "failed" : state === "StepStarted" ? "waiting" : "succeeded");

function Outcome({ report }: { report: DryRunReport }) {
  const { state, elapsedSeconds, output, error, path, calls, unanswered } = report;
  return (
    <>
      <p className={`state-${toneOfRun(state)} state`}>{texts.editor.ended(state === "StepStarted" ? texts.states.waiting : words(state), elapsedSeconds)}</p>
      <p className="muted">{texts.editor.inGraph}</p>
      {error != null && (
        <p>
          <strong>{error.name}</strong> {error.message}
        </p>
      )}
      {unanswered.length > 0 && (
        <ul className="plain">
          {unanswered.map((each, index) => (
            <li key={index} className="problem-warning">
              {texts.editor.waitsFor(each.step, each.for)}
            </li>
          ))}
        </ul>
      )}
      <p>
        {texts.editor.path}: {path.join(" → ")}
      </p>
      <h3>{texts.execution.output}</h3>
      <JsonText value={output} label={texts.execution.output} />
      {calls.length > 0 && (
        <details>
          <summary>
            {texts.editor.calls} ({calls.length})
          </summary>
          <JsonText value={calls} label={texts.editor.calls} />
        </details>
      )}
    </>
  );
}
