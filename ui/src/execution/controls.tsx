/** What one may do with an execution. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { resume, stop, type Stop } from "~/api/endpoints";
import type { Execution, Wait } from "~/api/types";
import { meQuery } from "~/app/gate";
import { Act } from "~/parts/act";
import { Dialog } from "~/parts/dialog";
import { Field } from "~/parts/field";
import { texts } from "~/texts";
import type { PlanList } from "~/graph/plan";
import { RedriveDialog } from "./redrive";

interface Props {
  execution: Execution;
  tenant: string;
  plan: PlanList | undefined;
  started: ReadonlySet<string>;
}

export function Controls({ execution, tenant, plan, started }: Props) {
  const [asked, ask] = useState<Stop | "resume" | "redrive" | null>(null);
  const { actions, id, definitionId, version } = execution;
  const task = (execution.waitingFor as unknown as Wait[]).find((each) => each.for === "task")?.task;
  const mayStart = useQuery(meQuery(tenant)).data?.rights?.includes("executions:start") ?? false;
  const close = (): void => ask(null);
  return (
    <div className="controls">
      {mayStart && (
        <Link to="/t/$tenant/definitions/$id/start" params={{ tenant, id: definitionId }} search={{ version: String(version), like: id }} className="secondary">
          {texts.execution.startAgain}
        </Link>
      )}
      {actions.resume.possible ? (
        <Act name={texts.execution.resume} action={actions.resume} onClick={() => ask("resume")} />
      ) : (
        <Act name={texts.execution.pause} action={actions.pause} onClick={() => ask("pause")} />
      )}
      <Act name={texts.execution.cancel} action={actions.cancel} onClick={() => ask("cancel")} />
      <Act name={texts.execution.redrive} action={actions.redrive} onClick={() => ask("redrive")} isPrimary={actions.redrive.possible} />
      {task !== undefined && (
        <Link to="/t/$tenant/tasks" params={{ tenant }} search={{ task }} className="primary">
          {texts.execution.openTask}
        </Link>
      )}
      {asked === "redrive" && <RedriveDialog execution={execution} tenant={tenant} plan={plan} started={started} onClose={close} />}
      {asked === "resume" && <ResumeDialog execution={execution} tenant={tenant} onClose={close} />}
      {(asked === "cancel" || asked === "pause") && <StopDialog execution={execution} tenant={tenant} what={asked} onClose={close} />}
    </div>
  );
}

function StopDialog({ execution, tenant, what, onClose }: { execution: Execution; tenant: string; what: Stop; onClose: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const asked = useMutation({
    mutationFn: () => stop(tenant, execution.id, what, reason.trim() || null),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["execution", tenant, execution.id] });
      onClose();
    },
  });
  const hasChildren = (execution.waitingFor as unknown as Wait[]).some((each) => each.for === "child");
  const says = { cancel: texts.execution.confirmCancel(hasChildren), pause: texts.execution.confirmPause }[what];
  return (
    <Dialog title={`${texts.execution[what]}: ${execution.id}`} submit={texts.execution.submits[what]} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p>{says}</p>
      <Field label={texts.execution.reason} value={reason} onChange={setReason} maxLength={1000} autoFocus />
    </Dialog>
  );
}

function ResumeDialog({ execution, tenant, onClose }: { execution: Execution; tenant: string; onClose: () => void }) {
  const client = useQueryClient();
  const [dollars, setDollars] = useState("");
  const asked = useMutation({
    mutationFn: () => resume(tenant, execution.id, dollars === "" ? null : Number(dollars)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["execution", tenant, execution.id] });
      onClose();
    },
  });
  return (
    <Dialog title={`${texts.execution.resume}: ${execution.id}`} submit={texts.execution.submits.resume} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p>{texts.execution.confirmResume}</p>
      <Field label={texts.execution.budget} hint={texts.execution.budgetHint} type="number" min="0" step="any" value={dollars} onChange={setDollars} />
    </Dialog>
  );
}
