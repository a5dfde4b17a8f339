/** Keys that work on every page. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { PAGES } from "./pages";

const CHORD_MS = 1_200;

/** Whether a key is text that somebody writes. */
export function isTyping(event: KeyboardEvent): boolean {
  const found = event.composedPath()[0];
  if (!(found instanceof HTMLElement) || (found instanceof HTMLInputElement && found.type === "checkbox")) return false;
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
      } else if (Date.now() - asked < CHORD_MS) {
        asked = 0;
        const page = PAGES.find((each) => each.key === event.key);
        if (page !== undefined) void navigate({ to: page.to, params: { tenant } });
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [tenant, navigate, onPalette]);
}
