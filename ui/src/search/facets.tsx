/** How many there are of each state, definition, step, error and day: each count is a filter. */
import { useState } from "react";
import type { Found } from "~/api/types";
import { words } from "~/parts/states";
import { texts } from "~/texts";
import type { Asked } from "./query";

type Counts = NonNullable<Found["counts"]>;
type Facet = keyof Counts;
const FACETS: readonly Facet[] = ["state", "definition", "step", "error", "day"];
const SHOWN = 12;

/** What a count stands for, in the address. */
const valueOf = (facet: Facet, asked: Asked): string | undefined =>
  facet === "day" ? (asked.from === asked.to ? asked.from : undefined) : asked[facet];

export const filterOf = (facet: Facet, value: string | undefined): Partial<Asked> =>
  facet === "day" ? { from: value, to: value } : { [facet]: value };

export function Facets({ counts, asked, set }: { counts: Counts; asked: Asked; set: (change: Partial<Asked>) => void }) {
  const [isOpen, open] = useState(false);
  return (
    <>
    <button type="button" className="chip narrow-only" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
      {texts.search.counts}
    </button>
    <div className={isOpen ? "facets is-open" : "facets"}>
      {FACETS.filter((facet) => Object.keys(counts[facet]).length > 0).map((facet) => (
        <section key={facet} aria-label={texts.search.facets[facet]}>
          <h2>{texts.search.facets[facet]}</h2>
          <ul className="facet">
            {rowsOf(facet, counts[facet]).map(([value, count, share]) => {
              const isOn = valueOf(facet, asked) === value;
              return (
                <li key={value}>
                  <button type="button" aria-pressed={isOn} title={value} onClick={() => set(filterOf(facet, isOn ? undefined : value))}>
                    <svg className="facet-bar" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 1">
                      <rect width={share} height="1" />
                    </svg>
                    <span className="facet-name">{facet === "state" ? words(value) : value}</span> <span className="num">{count.toLocaleString("en")}</span>
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
      ))}
    </div>
    </>
  );
}

/** The most frequent first, days by date; each with its share of the largest, in per cent. */
function rowsOf(facet: Facet, counts: Record<string, number>): [string, number, number][] {
  const most = Math.max(1, ...Object.values(counts));
  const rows = Object.entries(counts).map(([value, count]): [string, number, number] => [value, count, (100 * count) / most]);
  rows.sort((one, other) => (facet === "day" ? other[0].localeCompare(one[0]) : other[1] - one[1]));
  return rows.slice(0, SHOWN);
}
