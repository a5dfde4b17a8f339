/** Mocks from what an execution got from outside: the same answers again, in a dry run. */
import type { HistoryEntry, Json, JsonObject } from "~/api/types";
import { valueAt } from "./source";

export interface Recorded {
  mocks: Record<string, JsonObject[]>;
  /** Steps of which the history does not tell what came from outside, and why. */
  gaps: { step: string; why: "shaped" | "large" | "inner" }[];
}

const CALLS: ReadonlySet<string> = new Set(["http", "lambda", "aws"]);
const OUTSIDE: ReadonlySet<string> = new Set([...CALLS, "workflow", "callback", "event", "task"]);
/** Errors that come from outside, by their beginnings. */
const FROM_OUTSIDE = /^(?:http|lambda|aws|callback|event|workflow)\.|^(?:task\.Rejected)$/;

/** Reads the answers of each step, by its path; `steps` are those of the version that ran, by path. */
export function mocksOf(entries: HistoryEntry[], steps: ReadonlyMap<string, Record<string, unknown>>): Recorded {
  const found: Recorded = { mocks: {}, gaps: [] };
  const ends = entries.filter((each) => ["StepSucceeded", "StepFailed"].includes(each.state) && OUTSIDE.has(String(steps.get(each.step)?.type)));
  ends.sort((one, two) => one.attempt - two.attempt || (one.index ?? 0) - (two.index ?? 0));
  for (const entry of ends) answer(entry, steps.get(entry.step) ?? {}, found);
  return found;
}

function answer(entry: HistoryEntry, step: Record<string, unknown>, found: Recorded): void {
  const { step: name, actor } = entry;
  const by: JsonObject = actor === undefined || !["task", "event"].includes(String(step.type)) ? {} : { by: actor };
  const add = (reply: JsonObject): void => {
    const isCallback = step.callback === true && CALLS.has(String(step.type));
    if (isCallback) found.mocks[name] ??= [{ result: step.type === "http" ? { status: 202, headers: {}, body: null } : null }];
    (found.mocks[isCallback ? `${name}#callback` : name] ??= []).push(reply);
  };
  const gap = (why: Recorded["gaps"][number]["why"]): void => {
    if (!found.gaps.some((each) => each.step === name)) found.gaps.push({ step: name, why });
  };
  if (entry.state === "StepSucceeded") {
    const raw = unshaped(step.output, (entry.result ?? null) as Json);
    if (entry.references && "/result" in entry.references) gap("large");
    else if (raw === undefined) gap("shaped");
    else add({ result: raw, ...by });
    return;
  }
  const error = entry.error;
  if (error?.name === "Timeout" || error?.name === "task.Overdue") add({ nothing: true });
  else if (error?.name === "task.Rejected") add({ reject: String(valueAt(error.details, ["reason"]) ?? error.message), ...by });
  else if (error && FROM_OUTSIDE.test(error.name)) add({ error: error.name, message: error.message, ...(error.details == null ? {} : { details: error.details as Json }) });
  else gap("inner");
}

/** What a step gave before its `output` shaped it: known where that takes one member, as `${output.body}` does. */
function unshaped(output: unknown, result: Json): Json | undefined {
  if (output === undefined) return result;
  const path = typeof output === "string" ? /^\$\{\s*output((?:\.[A-Za-z_]\w*)*)\s*\}$/.exec(output)?.[1] : undefined;
  if (path === undefined) return undefined;
  return path.split(".").filter(Boolean).reduceRight<Json>((within, name) => ({ [name]: within }), result);
}
