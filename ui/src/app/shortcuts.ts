/** Keys that work on every page. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

const GO = { e: "/t/$tenant/executions", t: "/t/$tenant/tasks", d: "/t/$tenant/definitions" } as const;
const isGo = (key: string): key is keyof typeof GO => key in GO;
const CHORD_MS = 1_200;

/** Whether a key is text that somebody writes. */
export function isTyping(event: KeyboardEvent): boolean {
  const found = event.composedPath()[0];
  if (!(found instanceof HTMLElement)) return false;
  return found.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(found.tagName);
}

export function useShortcuts(tenant: string, onPalette: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let asked = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (event.key === "/") {
        const filter = document.querySelector<HTMLElement>("[data-filter]");
        if (filter !== null) event.preventDefault();
        filter?.focus();
      } else if (event.key === "g") {
        asked = Date.now();
      } else if (Date.now() - asked < CHORD_MS && isGo(event.key)) {
        asked = 0;
        void navigate({ to: GO[event.key], params: { tenant } });
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [tenant, navigate, onPalette]);
}
