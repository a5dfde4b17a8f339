/** Live by polling: often while something happens, seldom while nobody looks. */
import { useEffect, useRef } from "react";

const FAST_MS = 30_000;
const IDLE_MS = 300_000;
let lastMove = Date.now();
const moved = (): void => {
  lastMove = Date.now();
};
for (const kind of ["pointerdown", "keydown", "focus"]) addEventListener(kind, moved, { passive: true });

/** Milliseconds until the next question. `changed` is when something last changed. */
export function interval(now: number, changed: number, moved_: number): number {
  if (now - Math.max(moved_, changed) > IDLE_MS) return 5_000;
  return now - changed < FAST_MS ? 1_000 : 2_000;
}

/** Makes a `refetchInterval` for what changes until `ended`. A hidden tab asks nothing, as TanStack Query has it. */
export function useLive(stamp: unknown, ended: boolean): () => number | false {
  const changed = useRef(Date.now());
  useEffect(() => {
    changed.current = Date.now();
  }, [stamp]);
  return () => (ended ? false : interval(Date.now(), changed.current, lastMove));
}

/** Lists are looked at less closely than one execution: an idle page asks for two of them, 60 times an hour together. */
export const listInterval = (): number => (Date.now() - lastMove > IDLE_MS ? 120_000 : 5_000);
