/** The operations of the contract for schedules. */
import { api, page, taken, whole } from "./client";
import type { Page, Schedule, ScheduleContent, ScheduleSummary } from "./types";

export type ScheduleAction = "pause" | "resume" | "start" | "delete";
const at = (tenantId: string, name: string) => ({ path: { tenantId, name } });

export const listSchedules = (tenantId: string, cursor: string | undefined): Promise<Page<ScheduleSummary>> =>
  page(api.GET("/sedo/tenants/{tenantId}/schedules", { params: { path: { tenantId }, query: { limit: 50, ...(cursor === undefined ? {} : { cursor }) } } }));

export const listTimes = (plan: { cron: string; zone: string } | { every: string }): Promise<string[]> =>
  taken(api.GET("/sedo/schedule-times", { params: { query: plan } }));

export interface TaggedSchedule {
  schedule: Schedule;
  etag: string;
}

export async function readSchedule(tenantId: string, name: string): Promise<TaggedSchedule> {
  const { data, response } = await whole(api.GET("/sedo/tenants/{tenantId}/schedules/{name}", { params: at(tenantId, name) }));
  return { schedule: data as Schedule, etag: response.headers.get("ETag") ?? "" };
}

/** Writes a schedule that is as it was read; null: that is new. */
export const putSchedule = async (tenantId: string, name: string, body: ScheduleContent, etag: string | null): Promise<Schedule> => {
  const header = etag === null ? { "If-None-Match": "*" as const } : { "If-Match": etag };
  return (await taken(api.PUT("/sedo/tenants/{tenantId}/schedules/{name}", { params: { ...at(tenantId, name), header }, body }))) as Schedule;
};

export const actOn = (tenantId: string, name: string, action: ScheduleAction, key: string): Promise<unknown> => {
  const header = { "Idempotency-Key": key };
  const params = { ...at(tenantId, name), header };
  switch (action) {
    case "pause":
      return taken(api.POST("/sedo/tenants/{tenantId}/schedules/{name}/pause", { params }));
    case "resume":
      return taken(api.POST("/sedo/tenants/{tenantId}/schedules/{name}/resume", { params }));
    case "start":
      return taken(api.POST("/sedo/tenants/{tenantId}/schedules/{name}/start", { params }));
    case "delete":
      return taken(api.DELETE("/sedo/tenants/{tenantId}/schedules/{name}", { params: at(tenantId, name) }));
  }
};
