/** One task alone: for who was sent a link, and reads it on a phone. */
import { useParams } from "@tanstack/react-router";
import { TaskForm } from "~/tasks/task-form";

export function TaskPage() {
  const { tenant, id } = useParams({ from: "/gate/task/$tenant/$id" });
  return (
    <main className="alone">
      <TaskForm tenant={tenant} id={id} isAlone />
    </main>
  );
}
