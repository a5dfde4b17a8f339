/** An input as JSON text. */
import { type ReactNode, useState } from "react";
import type { Json } from "~/api/types";
import { texts } from "~/texts";

interface Props {
  input: Json;
  id?: string;
  onChange: (value: Json) => void;
  onSubmit: (value: Json) => void;
  submit?: ReactNode;
}

export function JsonInput({ input, id, onChange, onSubmit, submit }: Props) {
  const [text, setText] = useState(() => JSON.stringify(input, null, 2));
  const [error, setError] = useState<string | null>(null);
  const change = (next: string): void => {
    setText(next);
    try {
      onChange(JSON.parse(next) as Json);
      setError(null);
    } catch (broken) {
      setError(broken instanceof Error ? broken.message : String(broken));
    }
  };
  return (
    <form
      id={id}
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (error === null) onSubmit(JSON.parse(text) as Json);
      }}
    >
      <label className="field">
        <span className="strong">{texts.start.json}</span>
        <textarea className="input" rows={16} spellCheck={false} value={text} aria-invalid={error !== null} onChange={(event) => change(event.target.value)} onKeyDown={(event) => event.ctrlKey && event.key === "Enter" && event.currentTarget.form?.requestSubmit()} />
      </label>
      {error !== null && (
        <p className="field-error" role="alert">
          {texts.start.broken(error)}
        </p>
      )}
      {submit}
    </form>
  );
}
