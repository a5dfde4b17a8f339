/** What ran when: a row for each visit, with what it waited for. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { StateBadge } from "~/parts/state-badge";
import { ICONS, ofTone } from "~/parts/states";
import { duration } from "~/parts/time";
import { texts } from "~/texts";
import { scaleOf } from "./scale";
import type { Visit } from "./visits";

interface Props {
  visits: Visit[];
  now: number;
  selected: Visit | undefined;
  onSelect: (visit: Visit) => void;
}

/** Its rows are touched on a phone. */
const ROW = matchMedia("(max-width: 720px)").matches ? 40 : 26;
/** How many times as long as what is in view a timeline can be. */
const MOST_ZOOM = 64;
const ms = (instant: string): number => new Date(instant).getTime();

export function Timeline({ visits, now, selected, onSelect }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const isOpen = visits.some((each) => each.end === null);
  const scale = useMemo(() => {
    const instants = visits.flatMap((each) => [ms(each.queued), ms(each.start), ...(each.end === null ? [] : [ms(each.end)])]);
    return scaleOf(isOpen ? [...instants, now] : instants);
  }, [visits, isOpen, now]);
  const rows = useVirtualizer({ count: visits.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  const [zoom, setZoom] = useState(1);
  const { zoom: names } = texts.execution;
  /** Makes the track longer or shorter around the middle of what is in view. */
  const turn = (next: number): void => {
    const view = scroller.current;
    const middle = view === null ? 0 : (Math.abs(view.scrollLeft) + view.clientWidth / 2) / view.scrollWidth;
    const sign = view !== null && getComputedStyle(view).direction === "rtl" ? -1 : 1;
    setZoom(next);
    requestAnimationFrame(() => view?.scrollTo({ left: sign * (middle * view.scrollWidth - view.clientWidth / 2) }));
  };
  return (
    <>
      <div className="chips" role="group" aria-label={texts.execution.timeline}>
        <button type="button" className="chip" disabled={zoom === 1} onClick={() => turn(zoom / 2)}>
          {names.out}
        </button>
        <button type="button" className="chip" disabled={zoom === MOST_ZOOM} onClick={() => turn(zoom * 2)}>
          {names.in}
        </button>
        <button type="button" className="chip" disabled={zoom === 1} onClick={() => turn(1)}>
          {names.fit}
        </button>
        <span className="muted" role="status">
          {zoom > 1 && texts.execution.zoomed(zoom)}
        </span>
      </div>
      <div className="timeline" ref={scroller} tabIndex={0} role="region" aria-label={texts.execution.timeline}>
        <div className="timeline-rows" ref={(node) => void (node && ((node.style.height = `${rows.getTotalSize()}px`), (node.style.width = `calc(var(--name) + (100% - var(--name)) * ${zoom})`)))}>
          {rows.getVirtualItems().map((item) => {
            const visit = visits[item.index];
            if (visit === undefined) return null;
            return (
              <Row key={visit.key} visit={visit} top={item.start} now={now} at={scale.at} isSelected={visit.key === selected?.key} onSelect={onSelect} />
            );
          })}
          {scale.cuts.map((cut) => (
            <span key={cut.at} className="timeline-cut" title={duration(cut.ms)} style={{ insetInlineStart: `calc(var(--name) + (100% - var(--name)) * ${cut.at})` }} />
          ))}
        </div>
      </div>
    </>
  );
}

interface RowProps {
  visit: Visit;
  top: number;
  now: number;
  at: (ms: number) => number;
  isSelected: boolean;
  onSelect: (visit: Visit) => void;
}

function Row({ visit, top, now, at, isSelected, onSelect }: RowProps) {
  const end = visit.end === null ? now : ms(visit.end);
  const [queued, start, stop] = [at(ms(visit.queued)), at(ms(visit.start)), at(end)];
  const took = duration(end - ms(visit.start));
  const more = [visit.index === undefined ? "" : `[${visit.index}]`, visit.attempt > 1 ? `#${visit.attempt}` : ""].join(" ").trim();
  const name = visit.step.split("/").at(-1) ?? visit.step;
  return (
    <button
      type="button"
      className={`timeline-row state-${visit.tone}`}
      aria-pressed={isSelected}
      title={`${visit.step} · ${texts.states[visit.tone]} · ${took}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(visit)}
    >
      <span className="timeline-name">
        <span aria-hidden="true">{ICONS[visit.tone]}</span> {name} {more}
        <span className="hidden-text">
          <StateBadge state={ofTone(visit.tone)} /> {took}
        </span>
      </span>
      <span className="timeline-track" aria-hidden="true">
        {start > queued && <span className="bar bar-queued" style={bar(queued, start)} />}
        <span className={`bar ${visit.waits ? "bar-waiting" : "bar-running"}`} style={bar(start, stop)} />
      </span>
    </button>
  );
}

/** Where a bar stands; it has three pixels at least, within the track. */
const bar = (from: number, to: number) => ({
  insetInlineStart: `min(${from * 100}%, calc(100% - 3px))`,
  width: `max(3px, ${(to - from) * 100}%)`,
});
