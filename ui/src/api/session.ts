/** Who uses the console, in this tab alone: nothing outlives the tab, and a sign-out leaves nothing. */
import type { Issuer } from "./oidc";

/** What an issuer gave beside the token. */
export interface OidcTokens {
  /** In milliseconds since 1970. */
  expiresAt: number;
  /** Where tokens are given. */
  endpoint: string;
  issuer: Issuer;
  /** None: at its end people sign in anew. */
  refresh?: string;
  /** The last token of the kind that says who it is. */
  idToken?: string;
  /** Where the issuer ends its session. */
  signOut?: string;
}

export interface Session {
  /** `none`: the server asks nobody who they are; the names are taken as they are. */
  means: "none" | "token";
  token?: string;
  user?: string;
  groups?: string;
  oidc?: OidcTokens;
  /** Who it is, as the server says. */
  subject?: string;
}

/** Milliseconds before its end at which a token is renewed, or its person is told that it is not. */
export const EARLY_MS = 60_000;
const KEY = "sedo.session";
/** Whose session has ended by itself: their drafts wait for them. */
const ENDED = "sedo.ended";
let hasLeft = false;
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
  hasLeft = false;
  sessionStorage.setItem(KEY, JSON.stringify(next));
  for (const listener of listeners) listener();
}

/** Who was signed in until the server took the token no more. */
export const endedFor = (): string | null => sessionStorage.getItem(ENDED);
export const forgetEnded = (): void => sessionStorage.removeItem(ENDED);
/** Whether somebody has signed out of this page: the issuer must not let the next one in by itself. */
export const hasSignedOut = (): boolean => hasLeft;

/** The token counts no more. Drafts stay, for the same person. */
export function endSession(): void {
  const subject = current?.subject;
  if (subject === undefined) {
    signOut();
    return;
  }
  current = null;
  sessionStorage.removeItem(KEY);
  sessionStorage.setItem(ENDED, subject);
  for (const listener of listeners) listener();
}

/** Forgets who it was, and every draft. */
export function signOut(): void {
  current = null;
  hasLeft = true;
  sessionStorage.clear();
  for (const listener of listeners) listener();
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Header fields that say who asks. */
export function identity(who: Session | null): Record<string, string> {
  if (who === null) return {};
  if (who.means === "token") return who.token ? { Authorization: `Bearer ${who.token}` } : {};
  return {
    ...(who.user ? { "X-Sedo-User": who.user } : {}),
    ...(who.groups ? { "X-Sedo-Groups": who.groups } : {}),
  };
}
