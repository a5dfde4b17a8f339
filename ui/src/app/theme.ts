/** Light or dark: as the system says, until a person says otherwise. */
import { useSyncExternalStore } from "react";

export type Mode = "light" | "dark";
const KEY = "sedo.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): Mode | null {
  const text = localStorage.getItem(KEY);
  return text === "light" || text === "dark" ? text : null;
}

export const mode = (): Mode => chosen() ?? (system.matches ? "dark" : "light");

export function applyMode(): void {
  document.body.classList.add("awsui-compact-mode");
  document.body.classList.toggle("awsui-dark-mode", mode() === "dark");
  document.body.classList.toggle("awsui-motion-disabled", matchMedia("(prefers-reduced-motion: reduce)").matches);
  for (const listener of listeners) listener();
}

export function switchMode(): void {
  localStorage.setItem(KEY, mode() === "dark" ? "light" : "dark");
  applyMode();
}

system.addEventListener("change", applyMode);

export const useMode = (): Mode =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, mode);
