/** Inputs of filters: what is chosen stands in the address. */
import { useId } from "react";
import { texts } from "~/texts";
import { spans } from "./since";

interface TextProps {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  suggestions?: readonly string[];
  type?: string;
}

/** A text that counts when it is whole: with Enter, or when it is left. */
export function TextFilter({ label, value, onChange, suggestions, type = "text" }: TextProps) {
  const id = useId();
  const take = (text: string): void => {
    if (text.trim() !== (value ?? "")) onChange(text.trim() || undefined);
  };
  return (
    <>
      <input
        key={value ?? ""}
        className="input"
        type={type}
        aria-label={label}
        placeholder={label}
        defaultValue={value ?? ""}
        list={suggestions === undefined ? undefined : id}
        onKeyDown={(event) => event.key === "Enter" && take(event.currentTarget.value)}
        onBlur={(event) => take(event.target.value)}
      />
      {suggestions !== undefined && (
        <datalist id={id}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </>
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
    <select className="input" aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
      <option value="">{any}</option>
      {isForeign && <option value={value}>{value}</option>}
      {choices.map(([each, name]) => (
        <option key={each} value={each}>
          {name}
        </option>
      ))}
    </select>
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
      <select className="input" aria-label={texts.filter.time} value={isBetween ? BETWEEN : (from ?? "")} onChange={(event) => choose(event.target.value)}>
        <option value="">{texts.filter.anyTime}</option>
        {spans.map((each) => (
          <option key={each} value={each}>
            {texts.filter.last(each)}
          </option>
        ))}
        <option value={BETWEEN}>{texts.filter.between}</option>
      </select>
      {isBetween && (
        <>
          <input className="input" type="date" aria-label={texts.filter.from} value={dayOf(from)} onChange={(event) => onChange({ from: event.target.value || undefined, to })} />
          <input className="input" type="date" aria-label={texts.filter.to} value={dayOf(to)} onChange={(event) => onChange({ from, to: event.target.value || undefined })} />
        </>
      )}
    </>
  );
}
