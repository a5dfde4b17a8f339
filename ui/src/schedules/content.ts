/** What is written into the form of a schedule, and what is sent of it. */
import { texts } from "~/texts";
import type { Json, Schedule, ScheduleContent } from "~/api/types";

export interface ScheduleDraft {
  name: string;
  title: string;
  description: string;
  definition: string;
  version: string;
  /** Which of the two plans is meant; what is written of the other one stays in the form. */
  plan: "cron" | "every";
  cron: string;
  zone: string;
  every: string;
  isSkipping: boolean;
  input?: Json | undefined;
}

export const emptyDraft = (zone: string, definition = ""): ScheduleDraft => ({
  name: "",
  title: "",
  description: "",
  definition,
  version: "",
  plan: "cron",
  cron: "0 9 * * *",
  zone,
  every: "PT1H",
  isSkipping: false,
});

export const draftOf = (schedule: Schedule, zone: string): ScheduleDraft => ({
  ...emptyDraft(schedule.zone ?? zone, schedule.definition),
  name: schedule.name,
  title: schedule.title,
  description: schedule.description,
  version: schedule.version === null ? "" : String(schedule.version),
  plan: schedule.cron === null ? "every" : "cron",
  ...(schedule.cron === null ? {} : { cron: schedule.cron }),
  ...(schedule.every === null ? {} : { every: schedule.every }),
  isSkipping: schedule.overlap === "skip",
  input: schedule.input as Json,
});

export const planOf = (draft: ScheduleDraft): { cron: string; zone: string } | { every: string } =>
  draft.plan === "cron" ? { cron: draft.cron.trim(), zone: draft.zone.trim() || "UTC" } : { every: draft.every.trim() };

export const contentOf = (draft: ScheduleDraft, input: Json): ScheduleContent => ({
  title: draft.title.trim(),
  description: draft.description.trim(),
  definition: draft.definition.trim(),
  version: draft.version === "" ? null : Number(draft.version),
  ...planOf(draft),
  overlap: draft.isSkipping ? "skip" : "allow",
  input: input as ScheduleContent["input"],
});

const PARTS = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Writes an interval as people say it: `PT1H30M` is `1 h 30 min`. */
export function intervalInWords(interval: string): string {
  const [, ...numbers] = PARTS.exec(interval) ?? [];
  const words = numbers.flatMap((number, index) => (number === undefined || Number(number) === 0 ? [] : [`${Number(number)} ${texts.schedules.units[index]}`]));
  return words.join(" ") || interval;
}

/** The time zones that this browser knows. */
export const zones = (): string[] => ["UTC", ...Intl.supportedValuesOf("timeZone").filter((each) => each !== "UTC")];
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
