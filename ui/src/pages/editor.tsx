/** The editor of a definition: a draft of the next version, kept in this tab until it is published. */
import Button from "@cloudscape-design/components/button";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { publishDefinition, type Published, readTagged } from "~/api/authoring";
import { ProblemError } from "~/api/client";
import { listVersions, readSource } from "~/api/endpoints";
import { meQuery } from "~/app/gate";
import { editorRoute, newDefinitionRoute } from "~/app/router";
import type { Problem } from "~/editor/code-editor";
import { type Language, languageOf } from "~/editor/source";
import { type Tool, TOOLS, Workbench } from "~/editor/workbench";
import { Act } from "~/parts/act";
import { useDraft } from "~/parts/draft";
import { Failed, Loading, ProblemAlert } from "~/parts/problem";
import { texts } from "~/texts";

interface Draft {
  text: string;
  language: Language;
  /** Of the newest version when it was begun; null: there was none. */
  etag: string | null;
  /** The same text is published with the same key. */
  key: string;
}

const BEGINNING = `id: my-definition
title: My definition
inputSchema:
  type: object
  properties:
    name: {type: string, title: Name}
  required: [name]
steps:
  - id: greet
    type: echo
    message: Hello \${input.name}
`;

const toolOf = (text: string | undefined): Tool => TOOLS.find((each) => each === text) ?? "graph";

export function EditorPage() {
  const { tenant, id } = editorRoute.useParams();
  const { version, tool } = editorRoute.useSearch();
  const navigate = editorRoute.useNavigate();
  const newest = useQuery({ queryKey: ["tagged", tenant, id], queryFn: () => readTagged(tenant, id), staleTime: Infinity });
  const older = useQuery({ queryKey: ["source", tenant, id, version], queryFn: () => readSource(tenant, id, version === undefined ? undefined : Number(version)), enabled: version !== undefined });
  const versions = useQuery({ queryKey: ["versions", tenant, id], queryFn: () => listVersions(tenant, id) });
  const error = newest.error ?? older.error ?? versions.error;
  if (error !== null) return <Failed title={id} error={error} onRetry={() => void newest.refetch()} />;
  const text = version === undefined ? newest.data?.text : older.data;
  if (newest.data === undefined || text === undefined || versions.data === undefined) return <Loading title={id} />;
  const live = Math.max(0, ...versions.data.items.map((each) => each.version));
  return <Editing key={`${tenant} ${id}`} tenant={tenant} id={id} live={live} text={text} etag={newest.data.etag} tool={toolOf(tool)} onTool={(next) => void navigate({ search: (before) => ({ ...before, tool: next }), replace: true })} />;
}

export function NewDefinitionPage() {
  const { tenant } = newDefinitionRoute.useParams();
  const { tool } = newDefinitionRoute.useSearch();
  const navigate = newDefinitionRoute.useNavigate();
  return <Editing tenant={tenant} id={undefined} live={0} text={BEGINNING} etag={null} tool={toolOf(tool)} onTool={(next) => void navigate({ search: { tool: next }, replace: true })} />;
}

interface Props {
  tenant: string;
  id: string | undefined;
  live: number;
  text: string;
  etag: string | null;
  tool: Tool;
  onTool: (tool: Tool) => void;
}

function Editing({ tenant, id, live, text, etag, tool, onTool }: Props) {
  const [draft, setDraft] = useDraft<Draft>(`edit.${tenant}.${id ?? ""}`);
  const [problems, setProblems] = useState<Problem[] | null>(null);
  const [edition, setEdition] = useState(0); // another one is another editor
  const current: Draft = draft ?? { text, language: languageOf(text), etag, key: "" };
  const client = useQueryClient();
  const navigate = useNavigate();
  const published = useMutation({
    mutationFn: (over: string | null) => publishDefinition(tenant, current.text, current.language, over, current.key || crypto.randomUUID()),
    onError: (error) => {
      if (error instanceof ProblemError && error.status < 500) change({}); // a refusal belongs to its key: the next try has its own
    },
    onSuccess: async (made) => {
      setDraft(undefined);
      await client.invalidateQueries({ predicate: ({ queryKey }) => ["tagged", "source", "versions", "definition", "definitions"].includes(String(queryKey[0])) });
      if (made.id !== id) await navigate({ to: "/t/$tenant/definitions/$id/edit", params: { tenant, id: made.id } });
    },
  });
  const latest = useRef(current); // two changes may come before the next drawing
  latest.current = current;
  const change = (next: Partial<Draft>): void => {
    latest.current = { ...latest.current, ...next, key: crypto.randomUUID() };
    setDraft(latest.current.text === text && draft === undefined ? undefined : latest.current);
    if (next.text !== undefined && (published.isSuccess || published.isError)) published.reset();
  };
  const onProblems = useCallback((found: Problem[]) => setProblems(found), []);
  const action = useAction(tenant, current.text === text && id !== undefined, problems);
  const isOutrun = published.error instanceof ProblemError && published.error.status === 412;
  const over = useMutation({ mutationFn: async () => published.mutate((await readTagged(tenant, id ?? "")).etag) });
  const submit = (): void => {
    if (action.possible && !published.isPending) published.mutate(current.etag);
  };
  return (
    <>
      <div className="head">
        <h1>{id ?? texts.editor.title}</h1>
        {id !== undefined && (
          <Link to="/t/$tenant/definitions/$id" params={{ tenant, id }} className="secondary">
            {texts.app.back}
          </Link>
        )}
        {draft !== undefined && (
          <Button formAction="none" onClick={() => (setDraft(undefined), setEdition(edition + 1))}>
            {texts.editor.discard}
          </Button>
        )}
        <Act name={texts.editor.publish(live + 1)} action={action} isPrimary isBusy={published.isPending} onClick={submit} />
        <p className="sub muted">
          {live === 0 ? texts.editor.none : texts.editor.based(live)} · {draft === undefined ? texts.editor.same : texts.editor.draft}
        </p>
      </div>
      <div role="status">{published.data !== undefined && <Done made={published.data} />}</div>
      {published.isError && <ProblemAlert error={published.error} />}
      {isOutrun && (
        <p className="filters">
          {texts.editor.outrun}
          {id !== undefined && (
            <Button formAction="none" loading={over.isPending} onClick={() => over.mutate()}>
              {texts.editor.over}
            </Button>
          )}
        </p>
      )}
      <Workbench
        key={edition}
        tenant={tenant}
        id={id}
        text={current.text}
        language={current.language}
        tool={tool}
        onTool={onTool}
        onChange={(next) => change({ text: next })}
        onLanguage={(language) => change({ language })}
        onProblems={onProblems}
        onSubmit={submit}
      />
    </>
  );
}

const Done = ({ made: { isNew, version, warnings = [] } }: { made: Published }) => (
  <div className="published">
    {isNew ? texts.editor.published(version) : texts.editor.unchanged(version)}
    {warnings.length > 0 && (
      <ul className="plain">
        {warnings.map((each, index) => (
          <li key={index}>{each.message}</li>
        ))}
      </ul>
    )}
  </div>
);

/** Whether it may be published, and if not, why. */
function useAction(tenant: string, isSame: boolean, problems: Problem[] | null): { possible: boolean; reason: string | null } {
  const me = useQuery(meQuery(tenant));
  return useMemo(() => {
    const mayWrite = me.data?.rights?.includes("definitions:write") ?? false;
    const isBroken = problems === null || problems.some((each) => each.severity === "error");
    const reason = isSame ? texts.editor.same : !mayWrite ? texts.editor.noRight : isBroken ? texts.editor.broken : null;
    return { possible: reason === null, reason };
  }, [isSame, problems, me.data]);
}
