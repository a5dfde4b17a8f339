/** Rows by keyboard: j and k go down and up, Enter opens, x chooses. */
import { useEffect, useState } from "react";
import { isTyping } from "~/app/shortcuts";

const OWN_ENTER = "button, a, summary, [role='button']";
const hasOwnEnter = (target: EventTarget | null): boolean => target instanceof Element && target.matches(OWN_ENTER);

export function useRows(length: number, open: (index: number) => void, toggle?: (index: number) => void): number {
  const [at, setAt] = useState(-1);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector("dialog[open]")) return;
      const step = { j: 1, k: -1 }[event.key];
      if (step !== undefined) setAt((now) => Math.min(length - 1, Math.max(0, now + step)));
      else if (event.key === "Enter" && at >= 0 && !hasOwnEnter(event.target)) open(at);
      else if (event.key === "x" && at >= 0) toggle?.(at);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [length, open, toggle, at]);
  useEffect(() => {
    document.querySelector(`[data-row="${at}"]`)?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return Math.min(at, length - 1);
}
