/** What a state is called, and how it looks: colour, icon and word. */
import type { ExecutionSummary, HistoryEntry, Wait } from "~/api/types";
import { texts } from "~/texts";

export type Tone =
  | "succeeded"
  | "running"
  | "failed"
  | "timedOut"
  | "person"
  | "waiting"
  | "pending"
  | "cancelled"
  | "skipped"
  | "retrying"
  | "paused";

export const ICONS: Record<Tone, string> = {
  succeeded: "✓",
  running: "▶",
  failed: "✕",
  timedOut: "⏱",
  person: "☻",
  waiting: "◷",
  pending: "○",
  cancelled: "⊘",
  skipped: "⇢",
  retrying: "↻",
  paused: "‖",
};

const OF_STATE: Record<ExecutionSummary["state"], Tone> = {
  ExecutionSubmitted: "pending",
  ExecutionStarted: "running",
  StepStarted: "running",
  StepSucceeded: "running",
  StepFailed: "retrying",
  ExecutionPaused: "paused",
  ExecutionSucceeded: "succeeded",
  ExecutionFailed: "failed",
  ExecutionTimedOut: "timedOut",
  ExecutionCancelled: "cancelled",
};

const OF_ENTRY: Record<HistoryEntry["state"], Tone> = {
  ...OF_STATE,
  StepSucceeded: "succeeded",
  StepFailed: "failed",
  StepSkipped: "skipped",
  ExecutionResumed: "running",
  ExecutionRedriven: "retrying",
  TaskClaimed: "person",
  TaskReleased: "person",
  TaskReassigned: "person",
  TaskEscalated: "person",
};

export const ENDED: ReadonlySet<string> = new Set([
  "ExecutionSucceeded",
  "ExecutionFailed",
  "ExecutionTimedOut",
  "ExecutionCancelled",
]);

export interface Shown {
  tone: Tone | null;
  word: string;
}

/** That of a state by its name; a newer server may have others. */
const toneOf = (of: Record<string, Tone>, name: string): Tone | undefined => of[name];

const shown = (tone: Tone | undefined, name: string): Shown =>
  tone === undefined ? { tone: null, word: name } : { tone, word: texts.states[tone] };

/** A state that this console does not know is shown by its name. */
export const ofExecution = (execution: Pick<ExecutionSummary, "state">): Shown =>
  shown(toneOf(OF_STATE, execution.state), execution.state);

/** One word in lists and on the page: that a person is waited for says more than that it runs. Why else it waits, its page says. */
export const standing = (execution: Pick<ExecutionSummary, "state">, isForPerson: boolean): Shown =>
  isForPerson && !ENDED.has(execution.state) && execution.state !== "ExecutionPaused" ? ofTone("person") : ofExecution(execution);

export const ofEntry = (entry: Pick<HistoryEntry, "state">): Shown => {
  const tone = toneOf(OF_ENTRY, entry.state);
  return { tone: tone ?? null, word: words(entry.state) };
};

export function ofWait(wait: Pick<Wait, "for">): Tone {
  if (wait.for === "task") return "person";
  if (wait.for === "retry") return "retrying";
  if (wait.for === "resume") return "paused";
  return wait.for === "message" ? "running" : "waiting";
}

export const ofTone = (tone: Tone): Shown => ({ tone, word: texts.states[tone] });

/** Writes a sentence of the server with the words of states, where it has their names: `it is ExecutionFailed`. */
export const inWords = (sentence: string): string =>
  sentence.replace(/\b[A-Z][A-Za-z]+\b/g, (name) => (Object.hasOwn(OF_STATE, name) ? ofExecution({ state: name as ExecutionSummary["state"] }).word.toLowerCase() : name));

/** Writes `StepTimedOut` as words. */
export const words = (name: string): string => {
  const text = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
};
