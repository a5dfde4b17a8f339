import { describe, expect, it } from "vitest";
import type { Step } from "~/api/types";
import { type Box, layoutOf, viewOf } from "./layout";
import { planOf, stepsOf } from "./plan";

const STEPS: Step[] = [
  { id: "load", type: "http", catch: [{ errors: ["*"], next: "sorry" }] },
  {
    id: "checks",
    type: "parallel",
    branches: [
      { id: "fraud", steps: [{ id: "score", type: "http" }, { id: "flag", type: "transform" }] },
      { id: "stock", steps: [{ id: "each", type: "map", steps: [{ id: "reserve", type: "http" }] }] },
    ],
  },
  { id: "decide", type: "choice", choices: [{ when: "output.fraud", next: "review" }], default: "done" },
  { id: "review", type: "task", next: "done" },
  { id: "sorry", type: "fail" },
  { id: "done", type: "echo" },
];
const plan = planOf(STEPS);
const ways = (list = plan): string[] => list.edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`);
const { boxes, edges } = layoutOf(plan, () => false);
const box = (path: string): Box => {
  const found = boxes.find((each) => each.path === path);
  if (found === undefined) throw new Error(path);
  return found;
};

describe("the plan of a definition", () => {
  it("has the steps by the paths of the API", () => {
    expect([...stepsOf(plan)].map((each) => each.path)).toEqual([
      "load", "checks", "checks/fraud/score", "checks/fraud/flag", "checks/stock/each", "checks/stock/each/reserve", "decide", "review", "sorry", "done",
    ]);
  });

  it("has a way for each next, choice and catch, and none behind an end", () => {
    expect(ways()).toEqual([
      "load next checks", "load catch sorry", "checks next decide", "decide choice review", "decide choice done", "review next done",
    ]);
    expect(ways(plan.steps[1]?.lists[0])).toEqual(["checks/fraud/score next checks/fraud/flag"]);
  });
});

describe("the layout", () => {
  const inside = (inner: Box, outer: Box): boolean => inner.x >= 0 && inner.y >= 0 && inner.x + inner.width <= outer.width && inner.y + inner.height <= outer.height;

  it("has every step once, within the step that has it, and none on another", () => {
    for (const each of boxes) if (each.parent !== null) expect(inside(each, box(each.parent)), each.path).toBe(true);
    for (const one of boxes) {
      for (const two of boxes) {
        if (one === two || one.parent !== two.parent) continue;
        const isApart = one.x + one.width <= two.x || two.x + two.width <= one.x || one.y + one.height <= two.y || two.y + two.height <= one.y;
        expect(isApart, `${one.path} ${two.path}`).toBe(true);
      }
    }
  });

  it("goes down, and ways of nested lists are where their steps are", () => {
    expect(box("checks").y).toBeGreaterThan(box("load").y);
    const way = edges.find((each) => each.from === "checks/fraud/score");
    expect(way?.points[0]?.y).toBeGreaterThan(box("checks").y);
  });

  it("draws a collapsed step as one", () => {
    const small = layoutOf(plan, (step) => step.id === "checks");
    expect(small.boxes.map((each) => each.path)).toEqual(["load", "checks", "decide", "review", "sorry", "done"]);
    const [load, checks] = small.boxes;
    expect(checks?.height).toBeGreaterThan(load?.height ?? 0); // it has counts
  });

  it("lays out a thousand steps in a moment", () => {
    const many = planOf(Array.from({ length: 1_000 }, (_, at): Step => ({ id: `s${at}`, type: "echo" })));
    const start = performance.now();
    expect(layoutOf(many, () => false).boxes).toHaveLength(1_000);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe("a view of a plan that is too large for its place", () => {
  const layout = layoutOf(planOf(STEPS), () => false);

  it("is at full size, around the chosen step, within the plan", () => {
    const [width, height] = [300, 200];
    const first = viewOf(layout, width, height, undefined);
    expect(first).toMatchObject({ y: 16, zoom: 1 });
    const inner = viewOf(layout, width, height, "checks/stock/each/reserve");
    const place = { x: 0, y: 0 };
    for (let at = layout.boxes.find((each) => each.path === "checks/stock/each/reserve"); at !== undefined; at = layout.boxes.find((each) => each.path === at?.parent)) {
      place.x += at.x;
      place.y += at.y;
    }
    expect(place.x + inner.x).toBeGreaterThanOrEqual(0);
    expect(place.x + inner.x + 172).toBeLessThanOrEqual(width);
    expect(place.y + inner.y + 20).toBeCloseTo(height / 2);
    expect(viewOf(layout, width, height, "done").y).toBeCloseTo(height - layout.height - 16);
  });

  it("stands in the middle where there is room", () => {
    expect(viewOf(layout, layout.width + 400, 200, undefined).x).toBe(200);
  });
});
