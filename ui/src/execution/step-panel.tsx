/** One step, by its visits: what it found, what it left, what it got and gave, and how it failed. */
import { useMemo } from "react";
import type { HistoryEntry, JsonObject, ValueReference } from "~/api/types";
import { Difference, Json, Value } from "~/parts/json";
import { StateBadge } from "~/parts/state-badge";
import { ofEntry, ofTone } from "~/parts/states";
import { Tabs } from "~/parts/tabs";
import { Duration, Time } from "~/parts/time";
import { texts } from "~/texts";
import type { PlanStep } from "~/graph/plan";
import { stashOf, type Visit } from "./visits";

export type StepTab = keyof typeof texts.execution.tabs;
export type StashView = keyof typeof texts.execution.stashViews;
const names = texts.execution.tabs;
const TABS = (Object.keys(names) as StepTab[]).map((id) => ({ id, name: names[id] }));
const views = texts.execution.stashViews;
const VIEWS = Object.keys(views) as StashView[];

export interface StepView {
  tab: StepTab;
  stash: StashView;
}

/** What the address says; without it the error of a visit that failed, and the stash of others. */
export const viewOf = (tab: string | undefined, stash: string | undefined, visit: Visit | undefined): StepView => ({
  tab: tab !== undefined && tab in names ? (tab as StepTab) : visit?.entries.some((each) => each.error) ? "error" : "stash",
  stash: stash !== undefined && stash in views ? (stash as StashView) : "change",
});

interface Props {
  step: PlanStep | undefined;
  visit: Visit | undefined;
  visits: Visit[];
  entries: HistoryEntry[];
  /** The stash at the start. */
  first: JsonObject;
  view: StepView;
  onVisit: (visit: Visit) => void;
  onView: (change: Partial<StepView>) => void;
}

export function StepPanel({ step, visit, visits, entries, first, view, onVisit, onView }: Props) {
  if (step === undefined) return <p className="empty">{texts.execution.selectStep}</p>;
  return (
    <>
      <header>
        <h2>
          {step.id} <small className="muted light">{step.type}</small>
        </h2>
        {visit !== undefined && <StateBadge state={ofTone(visit.tone)} />}
        {visits.length > 1 && (
          <select
            className="input"
            aria-label={names.attempts}
            value={visit?.key}
            onChange={(event) => {
              const chosen = visits.find((each) => each.key === event.target.value);
              if (chosen !== undefined) onVisit(chosen);
            }}
          >
            {visits.slice(-200).map((each, index) => (
              <option key={each.key} value={each.key}>
                {index + 1 + Math.max(0, visits.length - 200)}. {texts.execution.attempt(each.attempt)}
                {each.index !== undefined && ` · ${texts.execution.item(each.index)}`} · {texts.states[each.tone]}
              </option>
            ))}
          </select>
        )}
      </header>
      <Tabs label={step.id} tabs={TABS} current={view.tab} onChange={(tab) => onView({ tab })}>
        <Content step={step} visit={visit} visits={visits} entries={entries} first={first} view={view} onView={onView} />
      </Tabs>
    </>
  );
}

type ContentProps = Pick<Props, "visit" | "visits" | "entries" | "first" | "view" | "onView"> & { step: PlanStep };

function Content({ step, visit, visits, entries, first, view, onView }: ContentProps) {
  if (view.tab === "definition") return <Json value={step.step} label={names.definition} />;
  if (visit === undefined) return <p className="muted">{texts.execution.notStarted}</p>;
  if (view.tab === "stash") return <Stash visit={visit} entries={entries} first={first} view={view.stash} onView={(stash) => onView({ stash })} />;
  if (view.tab === "io") return <InAndOut visit={visit} />;
  if (view.tab === "attempts") return <Attempts visits={visits} />;
  return <Errors visit={visit} />;
}

function Stash({ visit, entries, first, view, onView }: Pick<Props, "entries" | "first"> & { visit: Visit; view: StashView; onView: (view: StashView) => void }) {
  const { before, after } = useMemo(() => stashOf(entries, visit, first), [entries, visit, first]);
  const isChanged = JSON.stringify(before) !== JSON.stringify(after);
  return (
    <>
      <div className="chips" role="group" aria-label={names.stash}>
        {VIEWS.map((each) => (
          <button key={each} type="button" className="chip" aria-pressed={each === view} onClick={() => onView(each)}>
            {views[each]}
          </button>
        ))}
      </div>
      {view === "change" && !isChanged && <p className="muted">{texts.execution.noChange}</p>}
      {view === "change" ? (
        <Difference before={before} after={after} label={views.change} />
      ) : (
        <Json value={view === "before" ? before : after} label={views[view]} />
      )}
    </>
  );
}

const reference = (entry: HistoryEntry | undefined, place: string): ValueReference | undefined =>
  (entry?.references as Record<string, ValueReference> | undefined)?.[place];

function InAndOut({ visit }: { visit: Visit }) {
  const start = visit.entries.find((each) => each.params !== undefined);
  const end = visit.entries.find((each) => "result" in each) ?? visit.entries.at(-1);
  return (
    <div className="stack">
      <h3>{texts.execution.params}</h3>
      <Value value={start?.params ?? null} reference={reference(start, "/params")} label={texts.execution.params} />
      <h3>{texts.execution.result}</h3>
      <Value value={end?.result ?? null} reference={reference(end, "/result")} label={texts.execution.result} />
    </div>
  );
}

function Attempts({ visits }: { visits: Visit[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={names.attempts}>
      <table className="rows">
        <tbody>
          {visits.slice(-200).map((each) => (
            <tr key={each.key}>
              <td>
                {texts.execution.attempt(each.attempt)}
                {each.index !== undefined && ` · ${texts.execution.item(each.index)}`}
              </td>
              <td>
                <StateBadge state={ofTone(each.tone)} />
              </td>
              <td>
                <Time at={each.start} />
              </td>
              <td>
                <Duration from={each.start} to={each.end} />
              </td>
              <td>{each.entries.at(-1)?.error?.name}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Errors({ visit }: { visit: Visit }) {
  const failed = visit.entries.filter((each) => each.error);
  if (failed.length === 0) return <p className="muted">{texts.json.empty}</p>;
  return failed.map((entry) => (
    <div key={entry.time} className="stack">
      <p>
        <StateBadge state={ofEntry(entry)} /> <strong>{entry.error?.name}</strong> {entry.error?.message}
        {entry.next !== undefined && ` → ${entry.next}`}
      </p>
      <Value value={entry.error} reference={reference(entry, "/error")} label={names.error} />
    </div>
  ));
}
