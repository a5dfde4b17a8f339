/** One task: what to decide on, and the form of the answer. The page of a task and the inbox both show it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { UiSchema } from "@rjsf/utils";
import { ProblemError } from "~/api/client";
import { claimTask, completeTask, readTask, rejectTask, releaseTask } from "~/api/endpoints";
import type { Json, Task, ValueReference } from "~/api/types";
import { meQuery } from "~/app/gate";
import { listInterval } from "~/app/live";
import { isFormSchema, JsonForm } from "~/form/form";
import { errorsAt } from "~/form/validator";
import { Act } from "~/parts/act";
import { Dialog } from "~/parts/dialog";
import { useDraft } from "~/parts/draft";
import { Field } from "~/parts/field";
import { Json as JsonText, Value } from "~/parts/json";
import { Markdown } from "~/parts/markdown";
import { Boundary, Loading, ProblemAlert } from "~/parts/problem";
import { Time } from "~/parts/time";
import { texts } from "~/texts";
import { Data } from "./data";
import { Facts } from "./facts";
import { ReassignDialog } from "./reassign-dialog";
import "./tasks.css";

export const taskQuery = (tenant: string, id: string) => ({
  queryKey: ["task", tenant, id],
  queryFn: () => readTask(tenant, id),
  refetchInterval: listInterval,
});

export function TaskForm({ tenant, id, isAlone = false }: { tenant: string; id: string; isAlone?: boolean }) {
  const task = useQuery(taskQuery(tenant, id));
  if (task.isError) return <ProblemAlert error={task.error} onRetry={() => void task.refetch()} />;
  if (task.isPending) return <Loading />;
  return <Shown key={id} task={task.data} tenant={tenant} isAlone={isAlone} />;
}

function Shown({ task, tenant, isAlone }: { task: Task; tenant: string; isAlone: boolean }) {
  const client = useQueryClient();
  const me = useQuery(meQuery(tenant));
  const [draft, setDraft] = useDraft<{ answer: Json }>(`task.${tenant}.${task.id}`);
  const [isRejecting, reject] = useState(false);
  const [isReassigning, reassign] = useState(false);
  const refresh = async (): Promise<void> => {
    await Promise.all([client.invalidateQueries({ queryKey: ["task", tenant, task.id] }), client.invalidateQueries({ queryKey: ["tasks", tenant] })]);
  };
  const claim = useMutation({ mutationFn: () => claimTask(tenant, task.id), onSettled: refresh });
  const release = useMutation({ mutationFn: () => releaseTask(tenant, task.id), onSettled: refresh });
  const complete = useMutation({
    mutationFn: (answer: Json) => completeTask(tenant, task.id, answer),
    onSuccess: () => setDraft(undefined),
    onSettled: refresh,
  });
  const errors = useMemo(
    () => (complete.error instanceof ProblemError ? errorsAt(complete.error.problem.errors ?? []) : undefined),
    [complete.error],
  );
  const failed = complete.error ?? claim.error ?? release.error;
  const isOpen = task.status === "open";
  const taken = useTaken(task, me.data?.subject);
  return (
    <article className="task" aria-label={task.title}>
      <header className="head">
        {isAlone ? <h1>{task.title}</h1> : <h2>{task.title}</h2>}
        {isOpen && !isAlone && <Act name={texts.tasks.reassign} action={task.actions.reassign} onClick={() => reassign(true)} />}
        {task.claimedBy === null ? (
          <Act name={texts.tasks.claim} action={task.actions.claim} isBusy={claim.isPending} onClick={() => claim.mutate()} />
        ) : (
          <Act name={texts.tasks.release} action={task.actions.release} isBusy={release.isPending} onClick={() => release.mutate()} />
        )}
      </header>
      <Facts task={task} tenant={tenant} isAlone={isAlone} />
      {task.description && <Markdown text={task.description} />}
      {taken !== null && draft !== undefined && (
        <p className="notice" role="alert">
          {taken}
        </p>
      )}
      {task.data !== null && task.data !== undefined && <Decided task={task} />}
      {failed !== null && <ProblemAlert error={failed} />}
      {complete.isSuccess && (
        <p className="notice notice-good" role="status">
          ✓ {texts.tasks.sent}
        </p>
      )}
      {isOpen ? (
        <Answer
          task={task}
          answer={draft?.answer}
          errors={errors}
          isBusy={complete.isPending}
          onChange={(answer) => setDraft(answer === undefined ? undefined : { answer })}
          onSubmit={(answer) => complete.mutate(answer)}
          onReject={() => reject(true)}
        />
      ) : (
        <>
          <Outcome task={task} />
          {draft !== undefined && (
            <div className="stack">
              <h3>{texts.tasks.yours}</h3>
              <JsonText value={draft.answer} label={texts.tasks.yours} />
            </div>
          )}
        </>
      )}
      {isReassigning && <ReassignDialog task={task} tenant={tenant} onDone={refresh} onClose={() => reassign(false)} />}
      {isRejecting && <RejectDialog task={task} tenant={tenant} onDone={refresh} onClose={() => reject(false)} />}
    </article>
  );
}

/** Tells the second of two people, before work is lost, that another one has the task meanwhile. */
function useTaken(task: Task, me: string | undefined): string | null {
  const [first] = useState(task.claimedBy);
  if (task.status !== "open") return texts.tasks.gone(texts.tasks.status[task.status]);
  const isOthers = task.claimedBy !== null && task.claimedBy !== me && task.claimedBy !== first;
  return isOthers ? texts.tasks.changed(task.claimedBy ?? "") : null;
}

function Decided({ task }: { task: Task }) {
  const reference = (task.references as Record<string, ValueReference> | undefined)?.["/data"];
  return (
    <details open>
      <summary>{texts.tasks.data}</summary>
      {reference === undefined ? <Data value={task.data as Json} schema={task.inputSchema} /> : <Value value={task.data} reference={reference} label={texts.tasks.data} />}
    </details>
  );
}

interface AnswerProps {
  task: Task;
  answer: Json | undefined;
  errors: ReturnType<typeof errorsAt> | undefined;
  isBusy: boolean;
  onChange: (answer: Json | undefined) => void;
  onSubmit: (answer: Json) => void;
  onReject: () => void;
}

function Answer({ task, answer, errors, isBusy, onChange, onSubmit, onReject }: AnswerProps) {
  const schema = task.inputSchema as unknown;
  const buttons = (
    <div className="controls">
      <Act name={texts.tasks.complete} action={task.actions.complete} isPrimary isBusy={isBusy} {...(!isFormSchema(schema) && { onClick: () => onSubmit(null) })} />
      <Act name={texts.tasks.reject} action={task.actions.reject} onClick={onReject} />
    </div>
  );
  if (!isFormSchema(schema)) {
    return (
      <div className="stack">
        <p className="muted">{texts.tasks.noForm}</p>
        {buttons}
      </div>
    );
  }
  return (
    <Boundary>
      <JsonForm schema={schema} uiSchema={(task.uiSchema ?? undefined) as UiSchema | undefined} value={answer} errors={errors} isDisabled={!task.actions.complete.possible} onChange={onChange} onSubmit={onSubmit}>
        {buttons}
      </JsonForm>
    </Boundary>
  );
}

function Outcome({ task }: { task: Task }) {
  const reference = (task.references as Record<string, ValueReference> | undefined)?.["/answer"];
  return (
    <div className="stack">
      <p>
        {texts.tasks.status[task.status]} · {task.completedBy} · {task.completedAt !== null && <Time at={task.completedAt} />}
      </p>
      {task.reason && <p>{task.reason}</p>}
      {task.status === "completed" && <Value value={task.answer} reference={reference} label={texts.execution.output} />}
    </div>
  );
}

function RejectDialog({ task, tenant, onDone, onClose }: { task: Task; tenant: string; onDone: () => Promise<void>; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const rejected = useMutation({
    mutationFn: () => rejectTask(tenant, task.id, reason),
    onSuccess: async () => {
      await onDone();
      onClose();
    },
  });
  return (
    <Dialog title={texts.tasks.rejectTitle} submit={texts.tasks.rejectSubmit} isBusy={rejected.isPending} error={rejected.error} onSubmit={() => rejected.mutate()} onClose={onClose}>
      <p>{texts.tasks.rejectHint}</p>
      <Field label={texts.tasks.reason} value={reason} onChange={setReason} maxLength={4000} autoFocus />
    </Dialog>
  );
}
