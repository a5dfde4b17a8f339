/** Where the steps of a plan stand: one pass of dagre for each nesting level, the inner ones first. */
import dagre from "@dagrejs/dagre";
import type { PlanEdge, PlanList, PlanStep } from "./plan";

export interface Box {
  path: string;
  parent: string | null;
  x: number;
  y: number;
  width: number;
  height: number;
  step: PlanStep | null;
  /** Of a frame around a branch: its name. */
  label: string | null;
  isFrame: boolean;
}

export interface Way extends PlanEdge {
  /** Where it bends, from its beginning to its end. */
  points: Point[];
}

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  boxes: Box[];
  edges: Way[];
  width: number;
  height: number;
}

export const WIDTH = 172;
export const HEIGHT = 40;
/** Of a step that is drawn without what is in it, and has counts instead. */
const MANY = { width: 220, height: 56 };
const HEAD = 26;
const PAD = 12;
const GAP = 14;

/** Lays a plan out, the ways in the coordinates of the whole, a box in those of its parent; the steps that `isCollapsed` names are drawn without what is in them. */
export function layoutOf(list: PlanList, isCollapsed: (step: PlanStep) => boolean): Layout {
  return placed(list, null, isCollapsed);
}

function placed(list: PlanList, parent: string | null, isCollapsed: (step: PlanStep) => boolean): Layout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "TB", nodesep: 24, ranksep: 34, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  const insides = new Map<string, Layout>();
  for (const step of list.steps) {
    const inside = step.lists.length > 0 && !isCollapsed(step) ? insideOf(step, isCollapsed) : null;
    if (inside !== null) insides.set(step.path, inside);
    const alone = step.lists.length > 0 ? MANY : { width: WIDTH, height: HEIGHT };
    graph.setNode(step.path, { width: inside?.width ?? alone.width, height: inside?.height ?? alone.height });
  }
  const edges = list.edges.filter((each) => graph.hasNode(each.to));
  for (const { from, to, label } of edges) graph.setEdge(from, to, label ? { width: 90, height: 14, labelpos: "c" } : {});
  dagre.layout(graph);
  const boxes: Box[] = [];
  const inner: Way[] = [];
  for (const step of list.steps) {
    const { x, y, width, height } = graph.node(step.path) as { x: number; y: number; width: number; height: number };
    const inside = insides.get(step.path);
    boxes.push({ path: step.path, parent, x: x - width / 2, y: y - height / 2, width, height, step, label: null, isFrame: inside !== undefined });
    if (inside !== undefined) {
      boxes.push(...inside.boxes);
      inner.push(...moved(inside.edges, x - width / 2, y - height / 2));
    }
  }
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const ways = edges.map((each): Way => ({ ...each, points: (graph.edge(each.from, each.to) as { points: Point[] }).points }));
  return { boxes, edges: [...ways, ...inner], width, height };
}

/** Where a view of a plan begins that is too small for all of it at a legible size: with a step in its middle, and no empty margin. */
export function viewOf(layout: Layout, width: number, height: number, focus: string | undefined): { x: number; y: number; zoom: number } {
  const boxes = new Map(layout.boxes.map((each) => [each.path, each]));
  const middle = { x: layout.width / 2, y: 0 };
  const chosen = boxes.get(focus ?? "") ?? layout.boxes[0];
  if (chosen !== undefined) {
    middle.x = chosen.x + chosen.width / 2;
    middle.y = chosen.y + Math.min(chosen.height, HEIGHT) / 2;
    for (let above = boxes.get(chosen.parent ?? ""); above !== undefined; above = boxes.get(above.parent ?? "")) {
      middle.x += above.x;
      middle.y += above.y;
    }
  }
  const along = (room: number, size: number, at: number): number =>
    size + 2 * MARGIN <= room ? (room - size) / 2 : Math.min(MARGIN, Math.max(room - size - MARGIN, room / 2 - at));
  return { x: along(width, layout.width, middle.x), y: along(height, layout.height, middle.y), zoom: 1 };
}
const MARGIN = 16;

const moved = (ways: Way[], x: number, y: number): Way[] =>
  ways.map((way) => ({ ...way, points: way.points.map((point) => ({ x: point.x + x, y: point.y + y })) }));

/** Lays out what is in a step: its lists side by side. */
function insideOf(step: PlanStep, isCollapsed: (step: PlanStep) => boolean): Layout {
  const boxes: Box[] = [];
  const edges: Way[] = [];
  let left = PAD;
  let tallest = 0;
  for (const list of step.lists) {
    const head = list.name === null ? 0 : 16;
    const made = placed(list, step.path, isCollapsed);
    if (list.name !== null) {
      boxes.push({ path: `${step.path}/${list.name}`, parent: step.path, x: left, y: HEAD, width: Math.max(made.width, WIDTH), height: 16, step: null, label: list.name, isFrame: false });
    }
    for (const box of made.boxes) {
      boxes.push(box.parent === step.path ? { ...box, x: box.x + left, y: box.y + HEAD + head + 4 } : box);
    }
    edges.push(...moved(made.edges, left, HEAD + head + 4));
    left += made.width + GAP;
    tallest = Math.max(tallest, made.height + head);
  }
  return { boxes, edges, width: Math.max(WIDTH, left - GAP + PAD), height: tallest + HEAD + PAD + 4 };
}
