/** The history as a list with filters: only the rows in view are drawn. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { HistoryEntry } from "~/api/types";
import { RowsFilter, SelectFilter } from "~/parts/filter";
import { ofEntry, words } from "~/parts/states";
import { StateBadge } from "~/parts/state-badge";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

const ROW = 30;

interface Props {
  entries: HistoryEntry[];
  /** What is looked for, and the state of the entries. */
  text: string;
  state: string | undefined;
  onFilter: (change: { entries?: string | undefined; entry?: string | undefined }) => void;
  isWhole: boolean;
  onMore: () => Promise<void>;
  onSelect: (entry: HistoryEntry) => void;
}

export function HistoryList({ entries, text, state, onFilter, isWhole, onMore, onSelect }: Props) {
  const [isReading, setReading] = useState(false);
  const states = useMemo(() => [...new Set(entries.map((each) => each.state))].sort(), [entries]);
  const found = useMemo(() => matching(entries, text, state), [entries, text, state]);
  const more = async (): Promise<void> => {
    setReading(true);
    await onMore().finally(() => setReading(false));
  };
  return (
    <section className="panel" aria-label={texts.execution.history}>
      <header>
        <h2>{texts.execution.history}</h2>
        <span className="muted">{texts.execution.historyCount(found.length, entries.length, isWhole)}</span>
        <SelectFilter label={texts.execution.facts.state} any={texts.execution.historyAll} choices={states.map((each) => [each, words(each)] as const)} value={state} onChange={(next) => onFilter({ entry: next })} />
        <RowsFilter label={texts.execution.historyFilter} value={text} onChange={(next) => onFilter({ entries: next })} />
        {!isWhole && (
          <button type="button" className="chip" disabled={isReading} onClick={() => void more()}>
            {texts.execution.loadMore}
          </button>
        )}
      </header>
      <Rows entries={found} onSelect={onSelect} />
    </section>
  );
}

function matching(entries: HistoryEntry[], text: string, state: string | undefined): HistoryEntry[] {
  const asked = text.trim().toLowerCase();
  return entries.filter(
    (each) =>
      (state === undefined || each.state === state) &&
      (asked === "" || [each.step, each.thread, each.state, each.actor, each.reason, JSON.stringify(each.result ?? each.error ?? "")].some((value) => value?.toLowerCase().includes(asked))),
  );
}

function Rows({ entries, onSelect }: { entries: HistoryEntry[]; onSelect: (entry: HistoryEntry) => void }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: entries.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 15 });
  return (
    <div className="history" ref={scroller} tabIndex={0} role="region" aria-label={texts.execution.historyRows}>
      <div className="history-rows" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const entry = entries[item.index];
          if (entry === undefined) return null;
          return (
            <button type="button" key={item.key} className="history-row" style={{ transform: `translateY(${item.start}px)` }} onClick={() => onSelect(entry)}>
              <Time at={entry.time} />
              <StateBadge state={ofEntry(entry)} />
              <span className="cut" title={entry.step}>
                {entry.step}
                {entry.index !== undefined && ` [${entry.index}]`}
                {entry.attempt > 1 && ` #${entry.attempt}`}
              </span>
              <span className="cut muted">{remark(entry)}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

function remark(entry: HistoryEntry): string {
  const parts = [
    entry.actor,
    entry.error && `${entry.error.name}: ${entry.error.message ?? ""}`,
    entry.next && `→ ${entry.next}`,
    entry.retry && `↻ ${entry.retry.attempt}/${entry.retry.maxAttempts}`,
    entry.reason,
    entry.result === undefined || entry.result === null ? undefined : JSON.stringify(entry.result),
  ];
  return parts.filter(Boolean).join(" · ").slice(0, 300);
}
