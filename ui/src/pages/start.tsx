/** Start an execution: by form, by JSON, or by a command to copy. */
import Button from "@cloudscape-design/components/button";
import { useMutation, useQueries, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { ProblemError } from "~/api/client";
import { BASE } from "~/api/early";
import { listExecutions, readDefinition, readExecution, startExecution } from "~/api/endpoints";
import type { Execution, Json, StoredDefinition } from "~/api/types";
import { startRoute } from "~/app/router";
import { isFormSchema, JsonForm, sent } from "~/form/form";
import { JsonInput } from "~/form/json-input";
import { errorsAt } from "~/form/validator";
import { PlanPanel } from "~/graph/plan-panel";
import { Act } from "~/parts/act";
import { useDraft } from "~/parts/draft";
import { Field } from "~/parts/field";
import { Markdown } from "~/parts/markdown";
import { Boundary, Failed, Loading, ProblemAlert } from "~/parts/problem";
import { Tabs } from "~/parts/tabs";
import { texts } from "~/texts";

type Tab = keyof typeof texts.start.tabs;
const TABS = (Object.keys(texts.start.tabs) as Tab[]).map((id) => ({ id, name: texts.start.tabs[id] }));

interface Draft {
  input?: Json | undefined;
  name: string;
  /** The same start is sent with the same key, so that a second click starts nothing. */
  key: string;
}

export function StartPage() {
  const { tenant, id } = startRoute.useParams();
  const { version } = startRoute.useSearch();
  const definition = useQuery({
    queryKey: ["definition", tenant, id, version ?? null],
    queryFn: () => readDefinition(tenant, id, version === undefined ? undefined : Number(version)),
  });
  if (definition.isError) return <Failed title={id} error={definition.error} onRetry={() => void definition.refetch()} />;
  if (definition.isPending) return <Loading title={texts.start.title(id)} />;
  return <Start definition={definition.data} tenant={tenant} />;
}

function Start({ definition, tenant }: { definition: StoredDefinition; tenant: string }) {
  const { tab, like, version } = startRoute.useSearch();
  const navigate = startRoute.useNavigate();
  const [draft, setDraft] = useDraft<Draft>(`start.${tenant}.${definition.id}`);
  const schema = definition.inputSchema as unknown;
  const hasForm = isFormSchema(schema);
  const current: Tab = tab !== undefined && tab in texts.start.tabs ? (tab as Tab) : hasForm ? "form" : "json";
  const input = draft?.input;
  const text = hasForm && input !== undefined ? sent(schema, input) : (input ?? {});
  const change = (next: Partial<Draft>): void => setDraft({ name: draft?.name ?? "", input, ...next, key: crypto.randomUUID() });
  useLike(tenant, like, draft, (found) => change({ input: found }));
  const started = useMutation({
    mutationFn: (value: Json) =>
      startExecution(
        tenant,
        definition.id,
        { input: value, ...(version === undefined ? {} : { version: Number(version) }), ...(draft?.name ? { name: draft.name } : {}) },
        draft?.key ?? crypto.randomUUID(),
      ),
    onSuccess: (execution) => {
      setDraft(undefined);
      void navigate({ to: "/t/$tenant/executions/$id", params: { tenant, id: execution.id } });
    },
  });
  const errors = useMemo(
    () => (started.error instanceof ProblemError ? errorsAt(started.error.problem.errors ?? []) : undefined),
    [started.error],
  );
  const submit = (
    <div className="stack">
      <Field label={texts.start.name} hint={texts.start.nameHint} value={draft?.name ?? ""} onChange={(name) => change({ name })} pattern="[A-Za-z0-9._\-]{1,64}" />
      <span className="submit">
        <Act name={texts.start.submit} action={definition.actions.execute} isPrimary isBusy={started.isPending} />
      </span>
    </div>
  );
  return (
    <>
      <div className="head">
        <h1>{texts.start.title(definition.id)}</h1>
        <p className="sub muted">
          {definition.title && `${definition.title} · `}
          {texts.definitions.version(definition.version)}
        </p>
      </div>
      <div className="views">
        <section className="panel stack" aria-label={texts.start.submit}>
          {definition.description && <Markdown text={definition.description} />}
          <Inputs tenant={tenant} definition={definition} onChoose={(value) => change({ input: value })} />
          <Tabs label={texts.start.submit} tabs={TABS.filter((each) => hasForm || each.id !== "form")} current={current} onChange={(next) => void navigate({ search: (before) => ({ ...before, tab: next }), replace: true })}>
            <div className="stack">
              {started.isError && <ProblemAlert error={started.error} />}
              {current === "form" && hasForm && (
                <Boundary>
                  <JsonForm schema={schema} value={input} errors={errors} onChange={(value) => change({ input: value })} onSubmit={(value) => started.mutate(value)}>
                    {submit}
                  </JsonForm>
                </Boundary>
              )}
              {current === "json" && <JsonInput input={text} onChange={(value) => change({ input: value })} onSubmit={(value) => started.mutate(value)} submit={submit} />}
              {current === "curl" && <Command tenant={tenant} id={definition.id} input={text} />}
            </div>
          </Tabs>
          {draft !== undefined && (
            <p className="muted small">
              {texts.start.draft}{" "}
              <button type="button" className="link" onClick={() => setDraft(undefined)}>
                {texts.start.clear}
              </button>
            </p>
          )}
        </section>
        <PlanPanel steps={definition.steps} />
      </div>
    </>
  );
}

/** Takes the input of another execution over, once, if there is no draft yet. */
function useLike(tenant: string, like: string | undefined, draft: Draft | undefined, take: (input: Json) => void): void {
  const found = useQuery({ queryKey: ["execution", tenant, like], queryFn: () => readExecution(tenant, like ?? ""), enabled: like !== undefined && draft === undefined });
  const input = found.data?.input as Json | undefined;
  useEffect(() => {
    if (input !== undefined && draft === undefined) take(input);
  }, [input]); // once it is there
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function Command({ tenant, id, input }: { tenant: string; id: string; input: Json }) {
  const [isCopied, setCopied] = useState(false);
  const command = [
    "curl --request POST \\",
    "  --header 'Content-Type: application/json' \\",
    "  --header \"Authorization: Bearer $SEDO_TOKEN\" \\",
    `  --data ${quoted(JSON.stringify({ input }))} \\`,
    `  ${quoted(`${BASE}/sedo/tenants/${tenant}/definitions/${id}/execute`)}`,
  ].join("\n");
  return (
    <>
      <pre className="json" tabIndex={0} role="region" aria-label={texts.start.tabs.curl}>
        {command}
      </pre>
      <span>
        <Button iconName="copy" onClick={() => void navigator.clipboard.writeText(command).then(() => setCopied(true))}>
          {isCopied ? texts.app.copied : texts.app.copy}
        </Button>
      </span>
    </>
  );
}

const RECENT = 4;
const MOST_VALUES = 3;
const MOST_LETTERS = 24;

/** The inputs of executions, each once. One that is hidden or too large for an answer is left out. */
function inputsOf(found: readonly { data: Execution | undefined }[]): { id: string; input: Json }[] {
  const given = found.flatMap(({ data }) => (data === undefined || data.input == null ? [] : [{ id: data.id, input: data.input as Json }]));
  return given.filter((each, at) => given.findIndex((other) => JSON.stringify(other.input) === JSON.stringify(each.input)) === at);
}

/** The first texts and numbers of an input, wherever they stand in it. */
export function firstValues(input: Json): string | undefined {
  const values = (each: Json): string[] => (each === null || typeof each === "boolean" ? [] : typeof each === "object" ? Object.values(each).flatMap(values) : [String(each)]);
  const first = values(input).filter((each) => each.trim() !== "").slice(0, MOST_VALUES);
  return first.length === 0 ? undefined : first.map((each) => (each.length > MOST_LETTERS ? `${each.slice(0, MOST_LETTERS - 1)}…` : each)).join(" · ");
}

/** Inputs to begin with: the examples of the schema, and what was started last. */
function Inputs({ tenant, definition, onChoose }: { tenant: string; definition: StoredDefinition; onChoose: (value: Json) => void }) {
  const recent = useQuery({
    queryKey: ["executions", tenant, definition.id, "recent"],
    queryFn: () => listExecutions(tenant, { definition: definition.id, limit: RECENT, fields: ["id"] }),
  });
  const started = useQueries({
    queries: (recent.data?.items ?? []).map(({ id }) => ({ queryKey: ["execution", tenant, id, "input"], queryFn: () => readExecution(tenant, id), staleTime: Infinity, retry: false })),
    combine: inputsOf,
  });
  const schema = definition.inputSchema as { examples?: Json[] } | boolean | undefined;
  const examples = typeof schema === "object" ? (schema.examples ?? []) : [];
  if (examples.length + started.length === 0) return <div className="inputs" />; // its room is kept, so that nothing moves under a click
  return (
    <div className="chips inputs" role="group" aria-label={texts.start.inputs}>
      {examples.length > 0 && <span className="muted">{texts.start.examples}</span>}
      {examples.slice(0, 5).map((example, index) => (
        <button key={index} type="button" className="chip" onClick={() => onChoose(example)}>
          {texts.start.example(index + 1)}
        </button>
      ))}
      {started.length > 0 && <span className="muted">{texts.start.recent}</span>}
      {started.map((each) => (
        <button key={each.id} type="button" className="chip" title={each.id} onClick={() => onChoose(each.input)}>
          {firstValues(each.input) ?? texts.start.noValues}
        </button>
      ))}
    </div>
  );
}
