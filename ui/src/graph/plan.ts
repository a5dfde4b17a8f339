/** The plan of a definition: its steps, nested as they are, and the ways between them. */
import type { Step } from "~/api/types";

export interface PlanStep {
  /** As the API names it: `checks/fraud/score`. */
  path: string;
  id: string;
  type: string;
  /** Of a `parallel` its branches, of a `map` its one list. */
  lists: PlanList[];
  step: Step;
}

export interface PlanEdge {
  from: string;
  to: string;
  kind: "next" | "choice" | "catch";
  label?: string;
}

export interface PlanList {
  name: string | null;
  steps: PlanStep[];
  edges: PlanEdge[];
}

const ENDS: ReadonlySet<string> = new Set(["succeed", "fail"]);

export function planOf(steps: Step[], above = "", name: string | null = null): PlanList {
  const path = (id: string): string => `${above}${id}`;
  const planned = steps.map((step): PlanStep => {
    const place = path(step.id);
    const nested = step.branches
      ? step.branches.map((branch) => planOf(branch.steps, `${place}/${branch.id}/`, branch.id))
      : step.steps
        ? [planOf(step.steps, `${place}/`)]
        : [];
    return { path: place, id: step.id, type: step.type, lists: nested, step };
  });
  return { name, steps: planned, edges: steps.flatMap((step, at) => edgesOf(step, steps[at + 1], path)) };
}

function edgesOf(step: Step, behind: Step | undefined, path: (id: string) => string): PlanEdge[] {
  const from = path(step.id);
  const edges: PlanEdge[] = [];
  const add = (to: string | undefined, kind: PlanEdge["kind"], label?: string): void => {
    if (to !== undefined) edges.push({ from, to: path(to), kind, ...(label === undefined ? {} : { label }) });
  };
  if (step.type === "choice") {
    for (const { when, next } of step.choices ?? []) add(next, "choice", when);
    add(step.default ?? behind?.id, "choice", "");
  } else if (!step.end && (!ENDS.has(step.type) || step.when !== undefined)) {
    add(step.next ?? behind?.id, "next");
  }
  for (const { errors, next } of step.catch ?? []) add(next, "catch", errors.join(", "));
  return edges;
}

/** All steps of a plan, those of lists behind the step that has them. */
export function* stepsOf(list: PlanList): Generator<PlanStep> {
  for (const step of list.steps) {
    yield step;
    for (const inner of step.lists) yield* stepsOf(inner);
  }
}

export const typesOf = (list: PlanList): Map<string, string> => new Map([...stepsOf(list)].map((each) => [each.path, each.type]));
