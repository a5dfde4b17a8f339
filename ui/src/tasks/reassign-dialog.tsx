/** Asks to whom a task is given. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { listed } from "~/access/names";
import { reassignTask } from "~/api/endpoints";
import type { TaskSummary } from "~/api/types";
import { Dialog } from "~/parts/dialog";
import { Field } from "~/parts/field";
import { texts } from "~/texts";

interface Props {
  task: TaskSummary;
  tenant: string;
  onDone: () => Promise<void>;
  onClose: () => void;
}

export function ReassignDialog({ task, tenant, onDone, onClose }: Props) {
  const [assignees, setAssignees] = useState(task.assignees.join(", "));
  const [groups, setGroups] = useState(task.groups.join(", "));
  const to = { assignees: listed(assignees), groups: listed(groups) };
  const isNobody = to.assignees.length + to.groups.length === 0;
  const given = useMutation({
    mutationFn: () => reassignTask(tenant, task.id, to),
    onSuccess: async () => {
      await onDone();
      onClose();
    },
  });
  return (
    <Dialog title={texts.tasks.reassignTitle} submit={isNobody ? null : texts.tasks.reassignSubmit} isBusy={given.isPending} error={given.error} onSubmit={() => given.mutate()} onClose={onClose}>
      <p>{texts.tasks.reassignHint}</p>
      <Field label={texts.tasks.assignees} hint={texts.rights.commas} value={assignees} onChange={setAssignees} autoFocus />
      <Field label={texts.rights.groups} hint={texts.rights.commas} value={groups} onChange={setGroups} />
    </Dialog>
  );
}
