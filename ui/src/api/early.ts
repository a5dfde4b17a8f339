/** Answers that an address needs, asked for before the frame of the page is here to ask for them. */
import { EARLY_MS, identity, session } from "./session";

/** The folder above the page: the API stands beside it, under whatever prefix API Gateway has. */
export const BASE = new URL("..", location.href.split("#")[0]).href.replace(/\/$/, "");
/** Milliseconds after which an answer that nobody has taken is too old. */
const KEPT_MS = 10_000;

const asked = new Map<string, { answer: Promise<Response>; at: number; who: Record<string, string> }>();

/** Asks for paths of the API, as who is signed in; not with a token that has to be renewed first. */
export function askEarly(paths: string[]): void {
  const ends = session()?.oidc?.expiresAt ?? Infinity;
  if (session() === null || ends - Date.now() <= EARLY_MS) return;
  const who = identity(session());
  for (const path of paths) {
    const answer = fetch(BASE + path, { headers: who, cache: "no-store", credentials: "same-origin" });
    answer.catch(() => undefined); // whoever takes it, is told
    asked.set(BASE + path, { answer, at: Date.now(), who });
  }
}

/** Gives the answer to a request that was asked for early by the same person, once. */
export function takeEarly(request: Request): Promise<Response> | undefined {
  if (request.method !== "GET") return undefined;
  const found = asked.get(request.url);
  asked.delete(request.url);
  const isFresh = found !== undefined && Date.now() - found.at < KEPT_MS;
  return isFresh && Object.entries(found.who).every(([name, value]) => request.headers.get(name) === value) ? found.answer : undefined;
}

export const forgetEarly = (): void => asked.clear();
