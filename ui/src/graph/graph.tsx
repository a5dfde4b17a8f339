/** The graph of a plan, coloured by how its steps stand. The same facts stand in a table for who cannot see it. */
import { Background, BaseEdge, Controls, type Edge, type EdgeProps, Handle, MarkerType, type Node, type NodeProps, Position, ReactFlow, useReactFlow, useStore } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { type CSSProperties, useEffect, useMemo, useRef } from "react";
import { useMode } from "~/app/theme";
import type { Standing } from "~/execution/visits";
import { ICONS, type Tone } from "~/parts/states";
import { texts } from "~/texts";
import "./graph.css";
import { type Box, type Layout, layoutOf, type Point, viewOf, type Way } from "./layout";
import type { PlanList, PlanStep } from "./plan";

interface Data extends Record<string, unknown> {
  step: PlanStep | null;
  label: string | null;
  isFrame: boolean;
  /** None of a plan that does not run. */
  tone: Tone | null;
  more: string;
  /** How often a loop has come to it, and the same in words. */
  visits: readonly [string, string] | null;
  isSelected: boolean;
}
type StepNodeType = Node<Data, "step" | "label">;

interface Props {
  plan: PlanList;
  /** How the steps of an execution stand. A plan alone has no states. */
  standings?: ReadonlyMap<string, Standing>;
  /** The ways that were gone, as `from to`. */
  taken?: ReadonlySet<string>;
  /** What a step says beside its state: how many items are done. */
  notes?: ReadonlyMap<string, string>;
  /** Whether the standings are of the whole history. */
  isWhole?: boolean;
  isCollapsed?: (step: PlanStep) => boolean;
  isHidden?: (step: PlanStep) => boolean;
  selected?: string | undefined;
  onSelect?: (path: string) => void;
}

const NONE: ReadonlyMap<string, string> = new Map();
const PLAN: ReadonlyMap<string, Standing> = new Map();
const NOWHERE: ReadonlySet<string> = new Set();
const never = (): boolean => false;
const FIT = { maxZoom: 1, padding: 0.06 };
/** Below it the words of a graph are too small to read. */
const LEGIBLE = 0.92;
/** Around the steps, for the buttons as well. */
const ROOM = 96;
const types = { step: StepNode, label: LabelNode };
const ways = { way: WayEdge };

export function Graph({ plan, standings = PLAN, taken = NOWHERE, notes = NONE, isWhole = true, isCollapsed = never, isHidden = never, selected, onSelect }: Props) {
  const mode = useMode();
  const layout = useMemo(() => layoutOf(plan, isCollapsed), [plan, isCollapsed]);
  const nodes = useMemo(
    () => layout.boxes.map((box) => nodeOf(box, standings, notes, isWhole, selected, isHidden)),
    [layout, standings, notes, isWhole, selected, isHidden],
  );
  const edges = useMemo(() => layout.edges.map((edge) => edgeOf(edge, taken)), [layout, taken]);
  return (
    <div className="graph" style={{ "--graph-height": `${layout.height + ROOM}px` } as CSSProperties}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        edgeTypes={ways}
        colorMode={mode}
        fitViewOptions={FIT}
        minZoom={0.1}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        zoomOnScroll={false}
        panOnScroll={false}
        preventScrolling={false}
        onlyRenderVisibleElements={layout.boxes.length > 150}
        onNodesChange={(changes) => {
          const chosen = changes.find((each) => each.type === "select" && each.selected);
          if (chosen?.type === "select") onSelect?.(chosen.id);
        }}
        ariaLabelConfig={{ "controls.ariaLabel": texts.execution.graph }}
      >
        <Background gap={18} size={0.6} />
        <Controls showInteractive={false} position="top-right" orientation="horizontal" />
        <Fitted layout={layout} focus={selected} />
      </ReactFlow>
    </div>
  );
}

/** Shows the whole plan where its words stay legible, else the chosen step and what is around it; anew when steps open or close, and when the place grows. */
function Fitted({ layout, focus }: { layout: Layout; focus: string | undefined }) {
  const { fitView, setViewport, getViewport } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const fitted = useRef("");
  useEffect(() => {
    if (width === 0 || height === 0) return;
    const size = `${layout.width} ${layout.height} ${width} ${height}`;
    const isNew = fitted.current !== size;
    fitted.current = size;
    const whole = Math.min(width / layout.width, height / layout.height) / (1 + 2 * FIT.padding);
    if (whole >= LEGIBLE) {
      if (isNew) void fitView(FIT);
      return;
    }
    const next = viewOf(layout, width, height, focus);
    const now = getViewport();
    const isFar = Math.abs(next.x - now.x) > width / 2 || Math.abs(next.y - now.y) > height / 2;
    if (isNew || (now.zoom >= LEGIBLE && isFar)) void setViewport(next);
  }, [fitView, setViewport, getViewport, layout, width, height, focus]);
  return null;
}

const toneOf = (path: string, standings: ReadonlyMap<string, Standing>): Tone => standings.get(path)?.tone ?? "pending";

function nodeOf(
  box: Box,
  standings: ReadonlyMap<string, Standing>,
  notes: ReadonlyMap<string, string>,
  isWhole: boolean,
  selected: string | undefined,
  isHidden: (step: PlanStep) => boolean,
): StepNodeType {
  const tone = toneOf(box.path, standings);
  const visits = standings.get(box.path)?.visits ?? 0;
  const note = notes.get(box.path);
  const more = [standings === PLAN ? "" : texts.states[tone], note].filter(Boolean).join(" · ");
  return {
    id: box.path,
    type: box.step === null ? "label" : "step",
    position: { x: box.x, y: box.y },
    width: box.width,
    height: box.height,
    ...(box.parent === null ? {} : { parentId: box.parent }),
    data: { step: box.step, label: box.label, isFrame: box.isFrame, tone: standings === PLAN ? null : tone, more, visits: note === undefined && visits > 1 ? [texts.execution.times(visits, isWhole), texts.execution.visits(visits, isWhole)] : null, isSelected: box.path === selected },
    focusable: box.step !== null,
    selectable: box.step !== null,
    hidden: box.step !== null && isHidden(box.step),
    ariaRole: box.step === null ? "presentation" : "button",
  };
}

function edgeOf({ from, to, kind, label, points }: Way, taken: ReadonlySet<string>): WayEdgeType {
  const isTaken = taken.has(`${from} ${to}`);
  return {
    id: `${from} ${to} ${kind} ${label ?? ""}`,
    source: from,
    target: to,
    type: "way",
    data: { points },
    className: `${kind === "catch" ? "edge-catch" : ""} ${isTaken ? "edge-taken" : ""}`,
    ...(label ? { label: label.length > 24 ? `${label.slice(0, 23)}…` : label } : {}),
    markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
  };
}

type WayEdgeType = Edge<{ points: Point[] }, "way">;

/** Draws a way through the points that dagre found for it, so that it crosses no step. */
function WayEdge({ data, label, markerEnd }: EdgeProps<WayEdgeType>) {
  const points = data?.points ?? [];
  const middle = points[Math.floor(points.length / 2)];
  return (
    <BaseEdge path={curve(points)} {...(markerEnd === undefined ? {} : { markerEnd })} label={label} labelX={middle?.x ?? 0} labelY={middle?.y ?? 0} labelShowBg labelBgPadding={[3, 1]} />
  );
}

/** A smooth line: it bends around the middle of each two points. */
function curve(points: Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    path += next === undefined ? ` L${point.x},${point.y}` : ` Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return path;
}

function StepNode({ data }: NodeProps<StepNodeType>) {
  const { step, tone, more, visits, isSelected, isFrame } = data;
  return (
    <div className={`step state-${tone ?? "plan"}${isSelected ? " step-selected" : ""}${isFrame ? " step-frame" : (step?.lists.length ?? 0) > 0 ? " step-many" : ""}`} title={step?.path}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {tone !== null && (
        <span className="step-icon" aria-hidden="true">
          {ICONS[tone]}
        </span>
      )}
      <span className="step-text">
        <span className="step-name">
          <strong>{step?.id}</strong>
          {visits !== null && <small title={visits[1]}>{visits[0]}</small>}
        </span>
        <small className="step-state">
          {[step?.type, more].filter(Boolean).join(" · ")}
        </small>
      </span>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

function LabelNode({ data }: NodeProps<StepNodeType>) {
  return <div className="branch-label">{data.label}</div>;
}
