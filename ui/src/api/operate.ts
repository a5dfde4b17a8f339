/** The operations of the contract with which people find, operate and grant. */
import { api, nextOf, page, ProblemError, taken, whole } from "./client";
import type { paths } from "./schema.gen";
import type {
  ApiKey,
  AuditCheck,
  AuditEntry,
  Binding,
  EventReceipt,
  Execution,
  Found,
  HealthReport,
  Hit,
  Incident,
  IncidentRedrives,
  Json,
  KeptEvent,
  NewApiKey,
  Page,
  Role,
  WaitingStep,
} from "./types";

type QueryOf<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? NonNullable<Q> : never;
export type SearchQuery = Omit<QueryOf<"/sedo/tenants/{tenantId}/search">, "attribute.*"> & Record<`attribute.${string}`, string>;
export type IncidentQuery = QueryOf<"/sedo/tenants/{tenantId}/incidents">;
export type AuditQuery = QueryOf<"/sedo/tenants/{tenantId}/audit">;

export type SearchPage = Omit<Found, "items"> & Page<Hit>;
/** All tenants, as a tenant. */
const INSTALLATION = "*";
const key = (): { "Idempotency-Key": string } => ({ "Idempotency-Key": crypto.randomUUID() });

export const search = async (tenantId: string, query: Partial<SearchQuery>): Promise<SearchPage> => {
  const asked = query as QueryOf<"/sedo/tenants/{tenantId}/search">; // the generated type has no names of attributes
  const { data, response } = await whole<Found>(api.GET("/sedo/tenants/{tenantId}/search", { params: { path: { tenantId }, query: asked } }) as never);
  return { ...(data as Found), items: (data?.items ?? []) as Hit[], next: nextOf(response) };
};

/** What may be done with an execution, and what it has cost: little of it. */
export const readActions = async (tenantId: string, id: string): Promise<Pick<Execution, "id" | "state" | "actions">> =>
  (await taken(
    api.GET("/sedo/tenants/{tenantId}/executions/{id}", { params: { path: { tenantId, id }, query: { fields: ["id", "state", "actions"] } } }),
  )) as Execution;

export const listIncidents = (tenantId: string, query: IncidentQuery): Promise<Page<Incident>> =>
  page(api.GET("/sedo/tenants/{tenantId}/incidents", { params: { path: { tenantId }, query } }));

/** Wakes, redrives or resumes what an incident is about, as its `remedy` says. */
export const redriveIncident = (tenantId: string, id: string, dollars: number | null): Promise<unknown> =>
  taken(
    api.POST("/sedo/tenants/{tenantId}/incidents/{id}/redrive", {
      params: { path: { tenantId, id }, header: key() },
      body: { budget: dollars === null ? null : { dollars } },
    }),
  );

/** Does the same for all open incidents that a query finds, 100 at most; a dry run says what would come of each. */
export const redriveIncidents = async (tenantId: string, query: IncidentQuery, dryRun: boolean): Promise<IncidentRedrives> => {
  const { state: _, ...chosen } = query;
  return (await taken(
    api.POST("/sedo/tenants/{tenantId}/incidents/redrive", {
      params: { path: { tenantId }, query: { ...chosen, limit: 100 }, header: key() },
      body: { dryRun },
    }),
  )) as IncidentRedrives;
};

export interface Health {
  status: number;
  parts: Record<string, string>;
  /** Of messages, by the name of the queue; null: they cannot be counted. */
  queues: HealthReport["queues"];
  /** Open ones of the installation, by kind; null: they cannot be read. */
  incidents: HealthReport["incidents"];
}

/** The state of every part; that one does not work is an answer, too. */
export const readHealth = async (): Promise<Health> => {
  const { data, error, response } = await api.GET("/sedo/health");
  const found = (data ?? error) as Partial<HealthReport> | undefined;
  if (found?.parts === undefined) await whole(Promise.resolve({ error, response }));
  return { status: response.status, parts: found?.parts ?? {}, queues: found?.queues ?? null, incidents: found?.incidents ?? null };
};

export const readAudit = (tenantId: string, query: AuditQuery): Promise<Page<AuditEntry>> =>
  page(api.GET("/sedo/tenants/{tenantId}/audit", { params: { path: { tenantId }, query } }));

/** Checks 500 entries of the audit, and says where to go on. */
export const checkAudit = async (tenantId: string, cursor: string | null): Promise<AuditCheck & { next: string | null }> => {
  const query = { verify: true, ...(cursor === null ? {} : { cursor }) };
  const { data, response } = await whole(api.GET("/sedo/tenants/{tenantId}/audit", { params: { path: { tenantId }, query } }));
  return { ...(data as unknown as AuditCheck), next: nextOf(response) };
};

/** All of a list of names: roles, bindings and keys are few. */
async function all<T>(ask: (cursor: string | undefined) => Promise<Page<T>>): Promise<Page<T>> {
  const items: T[] = [];
  let next: string | null | undefined;
  do {
    const found: Page<T> = await ask(next ?? undefined);
    items.push(...found.items);
    next = found.next;
  } while (next !== null && items.length < 1_000);
  return { items, next };
}

const following = (cursor: string | undefined) => ({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });

export const listRoles = (tenantId: string): Promise<Page<Role>> =>
  all((cursor) => page(api.GET("/sedo/tenants/{tenantId}/roles", { params: { path: { tenantId }, query: following(cursor) } })));

/** What is bound in the installation; null: the caller may not see it. */
export const listOfInstallation = async (): Promise<{ roles: readonly Role[]; bindings: readonly Binding[] } | null> => {
  try {
    const [roles, bindings] = await Promise.all([listRoles(INSTALLATION), listBindings(INSTALLATION)]);
    return { roles: roles.items, bindings: bindings.items };
  } catch (error) {
    if (error instanceof ProblemError && (error.status === 403 || error.status === 404)) return null;
    throw error;
  }
};

export const listBindings = (tenantId: string): Promise<Page<Binding>> =>
  all((cursor) => page(api.GET("/sedo/tenants/{tenantId}/bindings", { params: { path: { tenantId }, query: following(cursor) } })));

export const listKeys = (tenantId: string): Promise<Page<ApiKey>> =>
  all((cursor) => page(api.GET("/sedo/tenants/{tenantId}/keys", { params: { path: { tenantId }, query: following(cursor) } })));

/** Writes a role or a binding: a new one only if there is none of its name. */
const unlessThere = (isNew: boolean): { "If-None-Match"?: "*" } => (isNew ? { "If-None-Match": "*" } : {});

export const putRole = (tenantId: string, name: string, body: Pick<Role, "title" | "rules">, isNew: boolean): Promise<unknown> =>
  taken(api.PUT("/sedo/tenants/{tenantId}/roles/{name}", { params: { path: { tenantId, name }, header: unlessThere(isNew) }, body }));

export const deleteRole = (tenantId: string, name: string): Promise<unknown> =>
  taken(api.DELETE("/sedo/tenants/{tenantId}/roles/{name}", { params: { path: { tenantId, name } } }));

export const putBinding = (tenantId: string, name: string, body: Pick<Binding, "role" | "subjects" | "groups">, isNew: boolean): Promise<unknown> =>
  taken(api.PUT("/sedo/tenants/{tenantId}/bindings/{name}", { params: { path: { tenantId, name }, header: unlessThere(isNew) }, body }));

export const deleteBinding = (tenantId: string, name: string): Promise<unknown> =>
  taken(api.DELETE("/sedo/tenants/{tenantId}/bindings/{name}", { params: { path: { tenantId, name } } }));

export const createKey = async (tenantId: string, body: { title: string; roles: string[]; expiresAt: string | null }): Promise<NewApiKey> =>
  (await taken(api.POST("/sedo/tenants/{tenantId}/keys", { params: { path: { tenantId }, header: key() }, body }))) as NewApiKey;

export const revokeKey = (tenantId: string, id: string): Promise<unknown> =>
  taken(api.DELETE("/sedo/tenants/{tenantId}/keys/{id}", { params: { path: { tenantId, id } } }));

export const listEvents = (tenantId: string, name: string, eventKey: string, cursor: string | undefined): Promise<Page<KeptEvent | WaitingStep>> =>
  page(
    api.GET("/sedo/tenants/{tenantId}/events/{name}", {
      params: { path: { tenantId, name }, query: { key: eventKey, limit: 50, ...(cursor === undefined ? {} : { cursor }) } },
    }),
  );

export const publishEvent = async (
  tenantId: string,
  name: string,
  body: { key: string; data: Json; id?: string },
  idempotencyKey: string,
): Promise<EventReceipt> =>
  (await taken(
    api.POST("/sedo/tenants/{tenantId}/events/{name}", {
      params: { path: { tenantId, name }, header: { "Idempotency-Key": idempotencyKey } },
      body: body as never, // the generated type of `data` is an object
    }),
  )) as EventReceipt;
