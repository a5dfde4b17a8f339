/** Whose a task is, until when, and where it comes from. */
import { Link } from "@tanstack/react-router";
import type { Task, TaskSummary } from "~/api/types";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

export const isOverdue = (task: TaskSummary): boolean => task.overdue || (task.dueAt !== null && new Date(task.dueAt).getTime() < Date.now());

export const whoOf = (task: TaskSummary): string => [...task.groups, ...task.assignees].join(", ");

export function Due({ task }: { task: TaskSummary }) {
  if (task.dueAt === null) return null;
  const late = task.status === "open" && isOverdue(task);
  return (
    <span className={late ? "state state-failed strong" : undefined}>
      {late ? texts.tasks.overdue : texts.tasks.due} <Time at={task.dueAt} relative />
    </span>
  );
}

/** What happens if it is not done in time, in words. */
export function ifOverdue({ then, groups = [], assignees = [], value }: NonNullable<Task["ifOverdue"]>): string {
  const { fails, goesTo, goesOn } = texts.tasks.ifOverdue;
  if (then === "fail") return fails;
  return then === "reassign" ? goesTo([...groups, ...assignees].join(", ")) : goesOn(value === undefined ? undefined : JSON.stringify(value));
}

export function Facts({ task, tenant, isAlone }: { task: Task; tenant: string; isAlone: boolean }) {
  const name = task.executionId.split(":").slice(1).join(":");
  return (
    <p className="muted task-facts">
      {whoOf(task) && <span>{whoOf(task)}</span>}
      <span>{task.claimedBy === null ? texts.tasks.unclaimed : texts.tasks.claimedBy(task.claimedBy)}</span>
      <span>
        {texts.tasks.opened} <Time at={task.createdAt} relative />
      </span>
      <Due task={task} />
      {task.status === "open" && task.ifOverdue != null && <span>{ifOverdue(task.ifOverdue)}</span>}
      {isAlone ? (
        <span>{name}</span>
      ) : (
        <>
          <Link to="/t/$tenant/executions/$id" params={{ tenant, id: task.executionId }} search={{ step: task.step }}>
            {texts.tasks.openExecution} {name}
          </Link>
          <Link to="/task/$tenant/$id" params={{ tenant, id: task.id }}>
            {texts.tasks.ownPage}
          </Link>
        </>
      )}
    </p>
  );
}
