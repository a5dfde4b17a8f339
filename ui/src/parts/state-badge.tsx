import type { Shown } from "./states";
import { ICONS } from "./states";

export function StateBadge({ state }: { state: Shown }) {
  return (
    <span className={`state state-${state.tone ?? "unknown"}`}>
      <span aria-hidden="true" className="state-icon">
        {state.tone === null ? "?" : ICONS[state.tone]}
      </span>
      {state.word}
    </span>
  );
}
