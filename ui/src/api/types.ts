/** The names of the contract's schemas, as the console uses them. */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };
export type Schema = JsonObject;

export type Tenant = Schemas["Tenant"];
export type Me = Schemas["Me"];
export type Problem = Schemas["Problem"];
export type ProblemEntry = Schemas["ProblemEntry"];
export type Action = Schemas["Action"];
export type Failure = Schemas["Failure"];
export type Thread = Schemas["Thread"];
export type HistoryEntry = Schemas["HistoryEntry"];
export type ExecutionSummary = Schemas["ExecutionSummary"];
export type Execution = Schemas["Execution"];
export type DefinitionVersion = Schemas["DefinitionVersion"];
export type StoredDefinition = Omit<Schemas["StoredDefinition"], "stash"> & { steps: Step[]; budget?: { dollars: number }; stash?: JsonObject };
export type TaskSummary = Schemas["TaskSummary"];
export type Task = Schemas["Task"];
export type Found = Schemas["SearchResult"];
export type Hit = Schemas["SearchHit"];
export type HealthReport = Schemas["HealthReport"];
export type Incident = Schemas["Incident"];
export type IncidentRedrives = Schemas["IncidentRedrives"];
export type AuditEntry = Schemas["AuditEntry"];
export type AuditCheck = Schemas["AuditCheck"];
export type Cost = Schemas["ExecutionCost"];
export type Role = Schemas["Role"];
export type AccessCondition = Schemas["AccessCondition"];
export type AccessRule = Schemas["AccessRule"];
export type Binding = Schemas["Binding"];
export type ApiKey = Schemas["ApiKey"];
export type NewApiKey = Schemas["NewApiKey"];
export type Schedule = Schemas["Schedule"];
export type ScheduleSummary = Schemas["ScheduleSummary"];
export type ScheduleContent = Schemas["ScheduleContent"];
export type EventReceipt = Schemas["EventReceipt"];
export type KeptEvent = Schemas["KeptEvent"];
export type WaitingStep = Schemas["WaitingStep"];
export type ValueReference = Schemas["ValueReference"];

/** What a thread waits for. The members beside the first three depend on `for`. */
export interface Wait {
  thread: string;
  step: string;
  for: "timer" | "retry" | "timeout" | "child" | "message" | "resume" | "callback" | "event" | "task";
  until?: string;
  due?: boolean;
  execution?: string;
  name?: string;
  key?: string | null;
  task?: string;
  title?: string;
  assignees?: string[];
  groups?: string[];
  claimedBy?: string | null;
  dueAt?: string | null;
  overdue?: boolean;
  attempt?: number;
  maxAttempts?: number;
  error?: { name: string; message: string };
}

/** A step of a definition: what the graph needs of it. */
export interface Step {
  id: string;
  type: string;
  when?: string;
  next?: string;
  end?: boolean;
  default?: string;
  choices?: { when: string; next: string }[];
  catch?: { errors: string[]; next: string }[];
  branches?: { id: string; steps: Step[] }[];
  steps?: Step[];
  [member: string]: unknown;
}

/** A page of a list, and the cursor of the next one. */
export interface Page<T> {
  items: T[];
  next: string | null;
}
