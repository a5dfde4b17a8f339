/** JSON as text, differences of it, and values that are too large to be shown at once. */
import { useMemo, useState } from "react";
import { readLink } from "~/api/client";
import type { ValueReference } from "~/api/types";
import { texts } from "~/texts";
import { jsonDifference, type Line } from "./difference";
import { ProblemAlert } from "./problem";

/** Characters that are shown at once. */
const MOST = 60_000;

export function Json({ value, label }: { value: unknown; label: string }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? "null", [value]);
  const [isWhole, showWhole] = useState(false);
  const isCut = text.length > MOST && !isWhole;
  return (
    <div>
      <pre className="json" tabIndex={0} role="region" aria-label={label}>
        {isCut ? text.slice(0, MOST) : text}
      </pre>
      {isCut && (
        <button type="button" className="chip" onClick={() => showWhole(true)}>
          {texts.json.show} ({text.length.toLocaleString("en")})
        </button>
      )}
    </div>
  );
}

/** A value, or what stands in its place where it was too large for the answer. */
export function Value({ value, reference, label }: { value: unknown; reference?: ValueReference | undefined; label: string }) {
  const [loaded, setLoaded] = useState<{ value: unknown } | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (reference === undefined || loaded !== null) return <Json value={loaded === null ? value : loaded.value} label={label} />;
  return (
    <p>
      {texts.execution.large(reference.bytes)}{" "}
      <button
        type="button"
        className="chip"
        onClick={() => void readLink(reference.link).then((found) => setLoaded({ value: found }), setError)}
      >
        {texts.execution.load}
      </button>
      {error !== null && <ProblemAlert error={error} />}
    </p>
  );
}

const SIGN: Record<Line["kind"], string> = { same: " ", added: "+", removed: "-" };

export function Difference({ before, after, label }: { before: unknown; after: unknown; label: string }) {
  const lines = useMemo(() => jsonDifference(before, after), [before, after]);
  return <Lines lines={lines} label={label} />;
}

export function Lines({ lines, label }: { lines: Line[]; label: string }) {
  return (
    <pre className="json" tabIndex={0} role="region" aria-label={label}>
      {lines.slice(0, 5_000).map((line, index) => (
        <span key={index} className={`line line-${line.kind}`}>
          {SIGN[line.kind]} {line.text}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
