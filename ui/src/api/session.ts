/** Who uses the console, in this tab alone: nothing outlives the tab, and a sign-out leaves nothing. */
import { useSyncExternalStore } from "react";

export interface Session {
  /** `none`: the server asks nobody who they are; the names are taken as they are. */
  means: "none" | "token";
  token?: string;
  user?: string;
  groups?: string;
}

const KEY = "sedo.session";
const listeners = new Set<() => void>();
let current: Session | null = read();

function read(): Session | null {
  try {
    const text = sessionStorage.getItem(KEY);
    return text === null ? null : (JSON.parse(text) as Session);
  } catch {
    return null;
  }
}

export const session = (): Session | null => current;

export function signIn(next: Session): void {
  current = next;
  sessionStorage.setItem(KEY, JSON.stringify(next));
  for (const listener of listeners) listener();
}

/** Forgets who it was, and every draft. */
export function signOut(): void {
  current = null;
  sessionStorage.clear();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useSession = (): Session | null => useSyncExternalStore(subscribe, session);

/** Header fields that say who asks. */
export function identity(who: Session | null): Record<string, string> {
  if (who === null) return {};
  if (who.means === "token") return who.token ? { Authorization: `Bearer ${who.token}` } : {};
  return {
    ...(who.user ? { "X-Sedo-User": who.user } : {}),
    ...(who.groups ? { "X-Sedo-Groups": who.groups } : {}),
  };
}
