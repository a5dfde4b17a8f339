import { expect, it } from "vitest";
import type { HistoryEntry } from "~/api/types";
import { mocksOf } from "./mocks";

const entry = (step: string, state: string, more: object = {}): HistoryEntry => ({ time: "2026-11-29T00:00:00Z", thread: "main", turn: 1, attempt: 1, step, state, ...more }) as HistoryEntry;
const steps = new Map<string, Record<string, unknown>>([
  ["charge", { type: "http", output: "${output.body}" }],
  ["ship", { type: "http", callback: true }],
  ["ask", { type: "task" }],
  ["shape", { type: "lambda", output: "${ add(output, `1`) }" }],
  ["say", { type: "echo" }],
  ["each/call", { type: "aws" }],
]);

it("gives a dry run the answers that an execution got, attempt by attempt", () => {
  const { mocks, gaps } = mocksOf(
    [
      entry("say", "StepSucceeded", { result: "hello" }),
      entry("charge", "StepFailed", { error: { name: "http.Status.503", message: "closed", details: { status: 503 } } }),
      entry("charge", "StepSucceeded", { attempt: 2, result: { id: "ch-7" } }),
      entry("ship", "StepSucceeded", { result: { parcel: 7 } }),
      entry("ask", "StepFailed", { error: { name: "task.Rejected", message: "no", details: { reason: "too dear", by: "ada" } }, actor: "ada" }),
    ],
    steps,
  );
  expect(mocks).toEqual({
    charge: [{ error: "http.Status.503", message: "closed", details: { status: 503 } }, { result: { body: { id: "ch-7" } } }],
    ship: [{ result: { status: 202, headers: {}, body: null } }],
    "ship#callback": [{ result: { parcel: 7 } }],
    ask: [{ reject: "too dear", by: "ada" }],
  });
  expect(gaps).toEqual([]);
});

it("says of which steps the history does not tell what came from outside", () => {
  const large = { references: { "/result": { sha256: "", bytes: 9, link: "" } }, result: null };
  const found = mocksOf([entry("shape", "StepSucceeded", { result: 2 }), entry("each/call", "StepSucceeded", large), entry("charge", "StepFailed", { error: { name: "Template", message: "" } })], steps);
  expect(found).toEqual({ mocks: {}, gaps: [{ step: "shape", why: "shaped" }, { step: "each/call", why: "large" }, { step: "charge", why: "inner" }] });
});

it("gives the items of a map their answers in their order, and silence where the time was over", () => {
  const ended = [3, 1, 2].map((index) => entry("each/call", "StepSucceeded", { index, result: index }));
  expect(mocksOf(ended, steps).mocks).toEqual({ "each/call": [{ result: 1 }, { result: 2 }, { result: 3 }] });
  expect(mocksOf([entry("ask", "StepFailed", { error: { name: "Timeout", message: "" } })], steps).mocks).toEqual({ ask: [{ nothing: true }] });
});
