/** Inputs of filters: what is chosen stands in the address. */
import { type ReactNode, useId } from "react";
import { texts } from "~/texts";
import { spans } from "./since";

interface LabelledProps {
  label: string;
  isWide?: boolean;
  /** The input, with the id that it is given. */
  children: (id: string) => ReactNode;
}

/** An input of a row, with its name above it. */
export function Labelled({ label, isWide = false, children }: LabelledProps) {
  const id = useId();
  return (
    <div className={isWide ? "filter grow" : "filter"}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
    </div>
  );
}

interface TextProps {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  suggestions?: readonly string[];
  /** Whether a key leads to it. */
  isMain?: boolean;
}

/** A text that counts when it is whole: with Enter, or when it is left. */
export function TextFilter({ label, value, onChange, suggestions, isMain = false }: TextProps) {
  const list = useId();
  const take = (text: string): void => {
    if (text.trim() !== (value ?? "")) onChange(text.trim() || undefined);
  };
  return (
    <Labelled label={label} isWide={isMain}>
      {(id) => (
        <>
          <input
            id={id}
            key={value ?? ""}
            className="input"
            {...(isMain && { type: "search", "data-filter": true })}
            defaultValue={value ?? ""}
            list={suggestions === undefined ? undefined : list}
            maxLength={500}
            onKeyDown={(event) => event.key === "Enter" && take(event.currentTarget.value)}
            onBlur={(event) => take(event.target.value)}
          />
          {suggestions !== undefined && (
            <datalist id={list}>
              {suggestions.map((each) => (
                <option key={each} value={each} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Labelled>
  );
}

interface RowsProps {
  label: string;
  value: string;
  onChange: (value: string | undefined) => void;
}

/** A text that counts with every key: it filters what is there. */
export function RowsFilter({ label, value, onChange }: RowsProps) {
  return (
    <Labelled label={label} isWide>
      {(id) => <input id={id} className="input" type="search" data-filter value={value} onChange={(event) => onChange(event.target.value || undefined)} />}
    </Labelled>
  );
}

interface SelectProps {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  /** Each choice, and its name. */
  choices: readonly (readonly [string, string])[];
  any: string;
}

/** One of some, or any. What the address names and no choice does, is shown as it is. */
export function SelectFilter({ label, value, onChange, choices, any }: SelectProps) {
  const isForeign = value !== undefined && !choices.some(([each]) => each === value);
  return (
    <Labelled label={label}>
      {(id) => (
        <select id={id} className="input" value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
          <option value="">{any}</option>
          {isForeign && <option value={value}>{value}</option>}
          {choices.map(([each, name]) => (
            <option key={each} value={each}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

interface TimeProps {
  from: string | undefined;
  to: string | undefined;
  onChange: (change: { from?: string | undefined; to?: string | undefined }) => void;
}

const BETWEEN = "between";
const dayOf = (text: string | undefined): string => text?.slice(0, 10) ?? "";

/** A span that ends now, or days. */
export function TimeFilter({ from, to, onChange }: TimeProps) {
  const isSpan = from === undefined || spans.includes(from);
  const isBetween = !isSpan || to !== undefined;
  const choose = (chosen: string): void => {
    const today = new Date().toISOString().slice(0, 10);
    onChange(chosen === BETWEEN ? { from: today, to: today } : { from: chosen || undefined, to: undefined });
  };
  return (
    <>
      <Labelled label={texts.filter.time}>
        {(id) => (
          <select id={id} className="input" value={isBetween ? BETWEEN : (from ?? "")} onChange={(event) => choose(event.target.value)}>
            <option value="">{texts.filter.anyTime}</option>
            {spans.map((each) => (
              <option key={each} value={each}>
                {texts.filter.last(each)}
              </option>
            ))}
            <option value={BETWEEN}>{texts.filter.between}</option>
          </select>
        )}
      </Labelled>
      {isBetween && (
        <>
          <Labelled label={texts.filter.from}>{(id) => <input id={id} className="input" type="date" value={dayOf(from)} onChange={(event) => onChange({ from: event.target.value || undefined, to })} />}</Labelled>
          <Labelled label={texts.filter.to}>{(id) => <input id={id} className="input" type="date" value={dayOf(to)} onChange={(event) => onChange({ from, to: event.target.value || undefined })} />}</Labelled>
        </>
      )}
    </>
  );
}
