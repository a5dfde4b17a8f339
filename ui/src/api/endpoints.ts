/** The operations of the contract that the console asks for. */
import { api, page, taken } from "./client";
import type { paths } from "./schema.gen";
import type {
  DefinitionVersion,
  Execution,
  ExecutionSummary,
  HistoryEntry,
  Json,
  Me,
  Page,
  StoredDefinition,
  Task,
  TaskSummary,
  Tenant,
} from "./types";

type Query<P extends keyof paths, M extends "get" | "post"> = paths[P] extends Record<M, { parameters: { query?: infer Q } }> ? NonNullable<Q> : never;
export type ExecutionQuery = Query<"/sedo/tenants/{tenantId}/executions", "get">;
export type TaskQuery = Query<"/sedo/tenants/{tenantId}/tasks", "get">;

const of = (tenantId: string, id: string) => ({ path: { tenantId, id } });
const key = (): { "Idempotency-Key": string } => ({ "Idempotency-Key": crypto.randomUUID() });

export const readMe = (tenant?: string): Promise<Me> =>
  taken(api.GET("/sedo/me", { params: { query: tenant === undefined ? {} : { tenant } } }));

export const readTenant = (tenantId: string): Promise<Tenant> => taken(api.GET("/sedo/tenants/{tenantId}", { params: { path: { tenantId } } }));

export const listExecutions = (tenantId: string, query: ExecutionQuery): Promise<Page<ExecutionSummary>> =>
  page(api.GET("/sedo/tenants/{tenantId}/executions", { params: { path: { tenantId }, query } }));

export const readExecution = async (tenantId: string, id: string): Promise<Execution> =>
  (await taken(api.GET("/sedo/tenants/{tenantId}/executions/{id}", { params: of(tenantId, id) }))) as Execution;

export const readHistory = (tenantId: string, id: string, cursor: string | null): Promise<Page<HistoryEntry>> =>
  page(
    api.GET("/sedo/tenants/{tenantId}/executions/{id}/history", {
      params: { ...of(tenantId, id), query: { limit: 500, ...(cursor === null ? {} : { cursor }) } },
    }),
  );

/** The newest entries, oldest of them first; `next` tells that there are older ones. */
export const readNewest = async (tenantId: string, id: string): Promise<Page<HistoryEntry>> => {
  const query = { limit: 100, sort: "-time" } as const;
  const found = await page<HistoryEntry>(api.GET("/sedo/tenants/{tenantId}/executions/{id}/history", { params: { ...of(tenantId, id), query } }));
  return { ...found, items: found.items.reverse() };
};

export const listDefinitions = (tenantId: string, cursor: string | null): Promise<Page<DefinitionVersion>> =>
  page(
    api.GET("/sedo/tenants/{tenantId}/definitions", {
      params: { path: { tenantId }, query: { limit: 100, ...(cursor === null ? {} : { cursor }) } },
    }),
  );

export const readDefinition = async (tenantId: string, id: string, version?: number): Promise<StoredDefinition> =>
  (await taken(
    api.GET("/sedo/tenants/{tenantId}/definitions/{id}", {
      params: { ...of(tenantId, id), query: version === undefined ? {} : { version } },
    }),
  )) as StoredDefinition;

/** The text of a version as it was written, comments and all. */
export const readSource = async (tenantId: string, id: string, version?: number): Promise<string> =>
  (await taken(
    api.GET("/sedo/tenants/{tenantId}/definitions/{id}", {
      params: { ...of(tenantId, id), query: version === undefined ? {} : { version } },
      headers: { Accept: "application/yaml" },
      parseAs: "text",
    }),
  )) as unknown as string;

export const retireDefinition = (tenantId: string, id: string): Promise<unknown> =>
  taken(api.DELETE("/sedo/tenants/{tenantId}/definitions/{id}", { params: of(tenantId, id) }));

export const listVersions = (tenantId: string, id: string): Promise<Page<DefinitionVersion>> =>
  page(api.GET("/sedo/tenants/{tenantId}/definitions/{id}/versions", { params: { ...of(tenantId, id), query: { limit: 100 } } }));

export const startExecution = async (
  tenantId: string,
  id: string,
  body: { input: Json; version?: number; name?: string },
  idempotencyKey: string,
): Promise<Execution> =>
  (await taken(
    api.POST("/sedo/tenants/{tenantId}/definitions/{id}/execute", {
      params: { ...of(tenantId, id), header: { "Idempotency-Key": idempotencyKey } },
      body,
    }),
  )) as Execution;

export type Stop = "cancel" | "pause";
const STOPS = {
  cancel: "/sedo/tenants/{tenantId}/executions/{id}/cancel",
  pause: "/sedo/tenants/{tenantId}/executions/{id}/pause",
} as const;

export const stop = (tenantId: string, id: string, what: Stop, reason: string | null): Promise<unknown> =>
  taken(api.POST(STOPS[what], { params: { ...of(tenantId, id), header: key() }, body: { reason } }));

/** Lets a paused execution go on, with another budget if `dollars` is one. */
export const resume = (tenantId: string, id: string, dollars: number | null): Promise<unknown> =>
  taken(
    api.POST("/sedo/tenants/{tenantId}/executions/{id}/resume", {
      params: { ...of(tenantId, id), header: key() },
      body: { budget: dollars === null ? null : { dollars } },
    }),
  );

export interface Redrive {
  step?: string;
  stash?: Record<string, Json>;
  version?: number;
  again?: boolean;
}

export const redrive = (tenantId: string, id: string, body: Redrive): Promise<unknown> =>
  taken(
    api.POST("/sedo/tenants/{tenantId}/executions/{id}/redrive", {
      params: { ...of(tenantId, id), header: key() },
      body: body as Omit<Redrive, "stash">, // the generated type of `stash` has no values
    }),
  );

export const listTasks = (tenantId: string, query: TaskQuery): Promise<Page<TaskSummary>> =>
  page(api.GET("/sedo/tenants/{tenantId}/tasks", { params: { path: { tenantId }, query } }));

export const readTask = async (tenantId: string, id: string): Promise<Task> =>
  (await taken(api.GET("/sedo/tenants/{tenantId}/tasks/{id}", { params: of(tenantId, id) }))) as Task;

export const claimTask = (tenantId: string, id: string): Promise<unknown> =>
  taken(api.POST("/sedo/tenants/{tenantId}/tasks/{id}/claim", { params: of(tenantId, id) }));

export const releaseTask = (tenantId: string, id: string): Promise<unknown> =>
  taken(api.POST("/sedo/tenants/{tenantId}/tasks/{id}/release", { params: of(tenantId, id) }));

/** Gives a task to others: both lists are replaced, and a claim ends. */
export const reassignTask = (tenantId: string, id: string, to: { assignees: string[]; groups: string[] }): Promise<unknown> =>
  taken(api.POST("/sedo/tenants/{tenantId}/tasks/{id}/reassign", { params: { ...of(tenantId, id), header: key() }, body: to }));

export const completeTask = (tenantId: string, id: string, answer: Json): Promise<unknown> =>
  taken(api.POST("/sedo/tenants/{tenantId}/tasks/{id}/complete", { params: { ...of(tenantId, id), header: key() }, body: { answer } }));

export const rejectTask = (tenantId: string, id: string, reason: string): Promise<unknown> =>
  taken(api.POST("/sedo/tenants/{tenantId}/tasks/{id}/reject", { params: { ...of(tenantId, id), header: key() }, body: { reason } }));
