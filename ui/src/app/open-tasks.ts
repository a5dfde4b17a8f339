/** Which executions wait for a person: the navigation counts them, and lists show it. */
import { listTasks } from "~/api/endpoints";
import { listInterval } from "./live";

export const openTasksQuery = (tenant: string) => ({
  queryKey: ["tasks", tenant, "waiting"],
  queryFn: () => listTasks(tenant, { status: "open", limit: 100, fields: ["id", "executionId"] }),
  refetchInterval: listInterval,
  retry: false,
});
