/** The operations of the contract that the editor of definitions asks for. */
import { api, taken } from "./client";
import type { components } from "./schema.gen";
import type { DefinitionVersion, Json, ProblemEntry } from "./types";

type Schemas = components["schemas"];
export type Report = Schemas["ValidationReport"];
export type TemplateFunction = Schemas["Function"];
export type DryRunReport = Schemas["DryRunReport"];

export interface DryRun {
  definition: Json;
  input?: Json;
  mocks?: Record<string, Json>;
  step?: string;
  incoming?: Json;
  stash?: Record<string, Json>;
  index?: number;
}

const TYPES = { yaml: "application/yaml", json: "application/json" } as const;
const asText = (text: unknown): BodyInit => text as string;
/** A text goes as it is, comments and all; the types of the contract know only what it says. */
const posted = (text: string, language: keyof typeof TYPES) => ({
  body: text as unknown as Schemas["Definition"],
  bodySerializer: asText,
  headers: { "Content-Type": TYPES[language] },
});

export const validateDefinition = (tenantId: string, text: string, language: "yaml" | "json"): Promise<Report> =>
  taken(api.POST("/sedo/tenants/{tenantId}/definitions/validate", { params: { path: { tenantId } }, ...posted(text, language) }));

export interface Published extends DefinitionVersion {
  isNew: boolean;
  warnings?: ProblemEntry[];
}

/** Keeps a definition if the newest version is still the one with this ETag; null: if there is none. */
export async function publishDefinition(tenantId: string, text: string, language: "yaml" | "json", etag: string | null, idempotencyKey: string): Promise<Published> {
  const header = { "Idempotency-Key": idempotencyKey, ...(etag === null ? { "If-None-Match": "*" as const } : { "If-Match": etag }) };
  const asked = api.POST("/sedo/tenants/{tenantId}/definitions", { params: { path: { tenantId }, header }, ...posted(text, language) });
  const made = (await taken(asked)) as DefinitionVersion;
  return { ...made, isNew: (await asked).response.status === 201 };
}

/** The newest version's text as it was written, and its ETag; null where there is no such definition. */
export async function readTagged(tenantId: string, id: string): Promise<{ text: string; etag: string }> {
  const asked = api.GET("/sedo/tenants/{tenantId}/definitions/{id}", { params: { path: { tenantId, id } }, headers: { Accept: "application/yaml" }, parseAs: "text" });
  const text = (await taken(asked)) as unknown as string;
  return { text, etag: (await asked).response.headers.get("ETag") ?? "" };
}

/** Runs a definition that is not kept, with mocks for everything outside. */
export const testDefinition = (tenantId: string, id: string, run: DryRun): Promise<DryRunReport> =>
  taken(api.POST("/sedo/tenants/{tenantId}/definitions/{id}/test", { params: { path: { tenantId, id } }, body: run as unknown as Schemas["DryRunRequest"] }));

export const listFunctions = (): Promise<TemplateFunction[]> => taken(api.GET("/sedo/functions"));
export const listStepTypes = (): Promise<Schemas["StepType"][]> => taken(api.GET("/sedo/step-types"));
export const readDefinitionSchema = (): Promise<Record<string, unknown>> =>
  taken(api.GET("/sedo/definition-schema.json", { parseAs: "json" })) as Promise<Record<string, unknown>>;
