/** The inbox: tasks left, the chosen one right. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { listTasks, type TaskQuery } from "~/api/endpoints";
import type { TaskSummary } from "~/api/types";
import { listInterval } from "~/app/live";
import { tasksRoute } from "~/app/router";
import { Loading, ProblemAlert } from "~/parts/problem";
import { useRows } from "~/parts/rows";
import { Due, whoOf } from "~/tasks/facts";
import "~/tasks/tasks.css";
import { texts } from "~/texts";

/** The inbox is there before what forms are made of. */
const TaskForm = lazy(async () => ({ default: (await import("~/tasks/task-form")).TaskForm }));

type View = keyof typeof texts.tasks.views;
const VIEWS = Object.keys(texts.tasks.views) as View[];
const QUERIES: Record<View, TaskQuery> = {
  open: { status: "open", limit: 100 },
  mine: { status: "open", mine: true, limit: 100 },
  done: { status: "completed", limit: 100 },
};

export function TasksPage() {
  const { tenant } = tasksRoute.useParams();
  const { view, task } = tasksRoute.useSearch();
  const navigate = tasksRoute.useNavigate();
  const current: View = view !== undefined && view in QUERIES ? (view as View) : "open";
  const list = useQuery({
    queryKey: ["tasks", tenant, current],
    queryFn: () => listTasks(tenant, QUERIES[current]),
    refetchInterval: listInterval,
    placeholderData: keepPreviousData,
  });
  const tasks = list.data?.items ?? [];
  const chosen = task ?? tasks[0]?.id;
  const choose = (id: string | undefined): void => void navigate({ search: (before) => ({ ...before, task: id }), replace: true });
  return (
    <>
      <div className="head">
        <h1>
          {texts.tasks.title}{" "}
          <span className="muted light">
            ({texts.list.count(tasks.length, list.data?.next != null)})
          </span>
        </h1>
        <div className="chips" role="group" aria-label={texts.tasks.title}>
          {VIEWS.map((each) => (
            <button key={each} type="button" className="chip" aria-pressed={each === current} onClick={() => void navigate({ search: { view: each }, replace: true })}>
              {texts.tasks.views[each]}
            </button>
          ))}
        </div>
      </div>
      {list.isError && <ProblemAlert error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading />}
      {list.data !== undefined && chosen === undefined && <p className="empty">{texts.tasks.empty}</p>}
      {chosen !== undefined && (
        <div className="inbox">
          <Inbox tasks={tasks} chosen={chosen} tenant={tenant} onOpen={(index) => choose(tasks[index]?.id)} />
          <section className="panel" aria-label={texts.tasks.title}>
            <Suspense fallback={<Loading />}>
              <TaskForm tenant={tenant} id={chosen} />
            </Suspense>
          </section>
        </div>
      )}
    </>
  );
}

interface InboxProps {
  tasks: TaskSummary[];
  chosen: string;
  tenant: string;
  onOpen: (index: number) => void;
}

function Inbox({ tasks, chosen, tenant, onOpen }: InboxProps) {
  const at = useRows(tasks.length, onOpen);
  return (
    <ul className="inbox-list">
      {tasks.map((task, index) => (
        <li key={task.id} data-row={index} className={index === at ? "at" : undefined}>
          <Link to="/t/$tenant/tasks" params={{ tenant }} search={(before) => ({ ...before, task: task.id })} aria-current={task.id === chosen ? "true" : undefined} replace>
            <strong>{task.title}</strong>
            <small>{task.executionId.split(":").slice(1).join(":")}</small>
            <small>
              {whoOf(task)} · {task.claimedBy === null ? texts.tasks.unclaimed : texts.tasks.claimedBy(task.claimedBy)} {task.dueAt !== null && "· "}
              <Due task={task} />
            </small>
          </Link>
        </li>
      ))}
    </ul>
  );
}
