import { expect, it } from "vitest";
import type { Execution } from "~/api/types";
import { stateOf } from "~/execution/facts";
import { standing } from "./states";

const execution = (state: string, waits: string[] = [], paused = false) => ({ state, paused, waitingFor: waits.map((each) => ({ for: each })), threads: [] }) as unknown as Execution;

it("says the same of an execution on its page as in lists", () => {
  for (const [state, waits] of [["StepStarted", ["timer"]], ["StepStarted", ["timer", "task"]], ["StepFailed", ["retry"]], ["ExecutionPaused", ["task"]], ["ExecutionFailed", []]] as const) {
    expect(stateOf(execution(state, [...waits], state === "ExecutionPaused")), state).toEqual(standing({ state } as Execution, [...waits].includes("task" as never)));
  }
  expect(stateOf(execution("StepStarted", ["timer"])).word).toBe("Running");
  expect(stateOf(execution("StepStarted", ["task"])).word).toBe("Waiting for a person");
  expect(stateOf(execution("ExecutionPaused", ["task"], true)).word).toBe("Paused");
});
