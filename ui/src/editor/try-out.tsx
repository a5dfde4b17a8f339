/** An expression tried against what an execution stored: the server evaluates it, as it does in a template. */
import Button from "@cloudscape-design/components/button";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { testDefinition } from "~/api/authoring";
import type { Json, JsonObject } from "~/api/types";
import { firstStash, stashOf, type Visit, visitsOf } from "~/execution/visits";
import { planOf, typesOf } from "~/graph/plan";
import { Json as JsonText } from "~/parts/json";
import { ProblemAlert } from "~/parts/problem";
import { texts } from "~/texts";
import { RecordedPicker, type Recording, useRecording } from "./recorded";

interface Props {
  tenant: string;
  definition: string;
  /** The expression at the cursor. */
  expression: string | null;
}

const STEP = "try";

export function TryOut({ tenant, definition, expression }: Props) {
  const [chosen, choose] = useState("");
  const [when, setWhen] = useState("");
  const [text, setText] = useState(expression ?? "");
  useEffect(() => {
    if (expression !== null && expression !== "") setText(expression);
  }, [expression]);
  const recording = useRecording(tenant, chosen);
  const visits = useMemo(() => (recording.data === undefined ? [] : visitsIn(recording.data)), [recording.data]);
  const seen = useMemo(() => scopeOf(recording.data, visits, visits.find((each) => each.key === when)), [recording.data, visits, when]);
  const tried = useMutation({
    mutationFn: () =>
      testDefinition(tenant, definition, {
        definition: { id: definition, steps: [{ id: STEP, type: "transform", output: `\${${text}}` }] },
        step: STEP,
        ...seen,
      }),
  });
  const failure = tried.data?.error;
  return (
    <form
      className="bench-tool"
      onSubmit={(event) => {
        event.preventDefault();
        tried.mutate();
      }}
    >
      <RecordedPicker tenant={tenant} definition={definition} chosen={chosen} onChoose={(id) => (choose(id), setWhen(""))} />
      {visits.length > 0 && (
        <label className="field">
          <span className="strong">{texts.editor.state}</span>
          <select className="input" value={when} onChange={(event) => setWhen(event.target.value)}>
            <option value="">{texts.editor.atEnd}</option>
            {visits.slice(0, 500).map((each) => (
              <option key={each.key} value={each.key}>
                {texts.editor.beforeStep(each.step, each.index)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="field">
        <span className="strong">{texts.editor.expression}</span>
        <span className="muted small">{texts.editor.expressionHint}</span>
        <textarea className="input" rows={3} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => event.ctrlKey && event.key === "Enter" && event.currentTarget.form?.requestSubmit()} />
      </label>
      <span>
        <Button formAction="submit" loading={tried.isPending} disabled={definition === "" || text.trim() === ""} disabledReason={definition === "" ? texts.editor.needId : undefined}>
          {texts.editor.evaluate}
        </Button>
      </span>
      <div role="status" className="bench-tool">
        {tried.isError && <ProblemAlert error={tried.error} />}
        {failure != null && (
          <p className="state-failed state">
            {failure.name}: {failure.message}
          </p>
        )}
        {tried.data !== undefined && failure == null && (
          <>
            <h3>{texts.editor.result}</h3>
            <JsonText value={tried.data.output} label={texts.editor.result} />
          </>
        )}
      </div>
      <details>
        <summary>{texts.editor.values}</summary>
        <JsonText value={seen} label={texts.editor.values} />
      </details>
    </form>
  );
}

const visitsIn = ({ execution, entries, definition }: Recording): Visit[] => visitsOf(entries, typesOf(planOf(definition.steps)), execution);

interface Scope {
  input: Json;
  stash: JsonObject;
  incoming: Json;
  index?: number;
}

/** What an expression sees: of an execution at its end, or as it was when a step began. */
export function scopeOf(recording: Recording | undefined, visits: Visit[], before: Visit | undefined): Scope {
  if (recording === undefined) return { input: {}, stash: {}, incoming: null };
  const { execution, entries } = recording;
  const input = (execution.input ?? null) as Json;
  if (before === undefined) return { input, stash: (execution.stash ?? {}) as JsonObject, incoming: (execution.output ?? null) as Json };
  const earlier = visits.slice(0, visits.indexOf(before)).filter((each) => each.end !== null);
  const last = earlier.findLast((each) => each.thread === before.thread) ?? earlier.findLast((each) => before.thread.startsWith(`${each.thread}.`));
  const incoming = last === undefined ? input : ((last.entries.at(-1)?.result ?? null) as Json);
  const first = firstStash(recording.definition.stash ?? {}, entries, (execution.stash ?? {}) as JsonObject);
  return { input, stash: stashOf(entries, before, first).before, incoming, ...(before.index === undefined ? {} : { index: before.index }) };
}
