/** The items of a step that has many, a page at a time: how each stands, and what it did last. */
import { useMemo, useState } from "react";
import { StateBadge } from "~/parts/state-badge";
import { ofTone } from "~/parts/states";
import { Duration, Time } from "~/parts/time";
import { texts } from "~/texts";
import type { Visit } from "./visits";

/** Items of a page. */
const PAGE = 50;

/** The newest visit of each item within a step, by its number. */
export function itemsOf(visits: Visit[], path: string): Visit[] {
  const newest = new Map<number, Visit>();
  for (const visit of visits) if (visit.index !== undefined && visit.step.startsWith(`${path}/`)) newest.set(visit.index, visit);
  return [...newest].sort(([one], [two]) => one - two).map(([, visit]) => visit);
}

export function Items({ visits, path, onVisit }: { visits: Visit[]; path: string; onVisit: (visit: Visit) => void }) {
  const [page, setPage] = useState(0);
  const items = useMemo(() => itemsOf(visits, path), [visits, path]);
  if (items.length === 0) return null;
  const first = Math.min(page, Math.floor((items.length - 1) / PAGE)) * PAGE;
  const shown = items.slice(first, first + PAGE);
  return (
    <details open>
      <summary>{texts.execution.items(items.length)}</summary>
      <div className="scroll-x children" tabIndex={0} role="region" aria-label={texts.execution.items(items.length)}>
        <table className="rows">
          <tbody>
            {shown.map((visit) => (
              <tr key={visit.index}>
                <td>
                  <button type="button" className="link" onClick={() => onVisit(visit)}>
                    {texts.execution.item(visit.index ?? 0)}
                  </button>
                </td>
                <td>
                  <StateBadge state={ofTone(visit.tone)} />
                </td>
                <td>{visit.step.slice(path.length + 1)}</td>
                <td>
                  <Time at={visit.start} />
                </td>
                <td>
                  <Duration from={visit.start} to={visit.end} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {items.length > PAGE && (
        <div className="pager">
          <button type="button" className="chip" disabled={first === 0} onClick={() => setPage(first / PAGE - 1)}>
            {texts.execution.earlier}
          </button>
          <span className="muted">{texts.execution.range(first + 1, first + shown.length, items.length)}</span>
          <button type="button" className="chip" disabled={first + PAGE >= items.length} onClick={() => setPage(first / PAGE + 1)}>
            {texts.execution.later}
          </button>
        </div>
      )}
    </details>
  );
}
