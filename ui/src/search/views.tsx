/** Saved views: searches by a name. Their filters can hold what is confidential, so they are kept in this tab alone. */
import { useState } from "react";
import { useDraft } from "~/parts/draft";
import { Labelled } from "~/parts/filter";
import { texts } from "~/texts";
import type { Asked } from "./query";

type Views = Record<string, Asked>;
const MOST = 30;

const same = (one: Asked, other: Asked): boolean => {
  const names = new Set([...Object.keys(one), ...Object.keys(other)].filter((name) => name !== "cursor"));
  return [...names].every((name) => one[name as keyof Asked] === other[name as keyof Asked]);
};

export function SavedViews({ tenant, asked, onOpen }: { tenant: string; asked: Asked; onOpen: (asked: Asked) => void }) {
  const [views, keep] = useDraft<Views>(`${tenant}.views`);
  const [name, setName] = useState("");
  const names = Object.keys(views ?? {});
  const save = (): void => {
    const { cursor: _, ...filters } = asked;
    keep({ ...views, [name.trim()]: filters });
    setName("");
  };
  const remove = (gone: string): void => keep(Object.fromEntries(Object.entries(views ?? {}).filter(([each]) => each !== gone)));
  return (
    <div className="views-row">
      <div className="chips" role="group" aria-label={texts.search.views}>
        {names.map((each) => (
          <span key={each} className="chip-pair">
            <button type="button" className="chip" aria-pressed={same(views?.[each] ?? {}, asked)} onClick={() => onOpen(views?.[each] ?? {})}>
              {each}
            </button>
            <button type="button" className="chip" aria-label={texts.search.removeView(each)} onClick={() => remove(each)}>
              ✕
            </button>
          </span>
        ))}
      </div>
      <form
        className="chips filter-group"
        title={texts.search.viewsHint}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "" && names.length < MOST) save();
        }}
      >
        <Labelled label={texts.search.viewName}>{(id) => <input id={id} className="input" maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />}</Labelled>
        <button type="submit" className="chip" disabled={name.trim() === ""}>
          {texts.search.saveView}
        </button>
      </form>
    </div>
  );
}
