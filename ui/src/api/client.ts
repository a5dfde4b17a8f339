/** Requests to the API of sedo: who asks, what has not changed since, and errors as problem documents. */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema.gen";
import { BASE, forgetEarly, takeEarly } from "./early";
import { keepFresh } from "./oidc";
import { endSession, identity, session } from "./session";
import type { Page, Problem } from "./types";

export class ProblemError extends Error {
  readonly status: number;
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.status = problem.status;
  }
}

interface Known {
  etag: string;
  text: string;
  headers: Headers;
}

/** Answers in the memory of this page, by path and media type: a 304 stands for the one that was here when it was asked. */
const known = new Map<string, Known>();
const place = (request: Request): string => `${request.headers.get("Accept") ?? ""} ${request.url}`;

/** What was asked since nothing was known, and what was known then: an answer that comes later than that is not kept. */
let asked = new WeakMap<Request, Known | undefined>();

/** Forgets every answer, so that none of a tenant is left. */
export function forget(): void {
  known.clear();
  forgetEarly();
  asked = new WeakMap();
}

const conditional: Middleware = {
  async onRequest({ request }) {
    await keepFresh();
    for (const [name, value] of Object.entries(identity(session()))) request.headers.set(name, value);
    const before = request.method === "GET" ? known.get(place(request)) : undefined;
    if (before !== undefined) request.headers.set("If-None-Match", before.etag);
    asked.set(request, before);
    return request;
  },
  async onResponse({ request, response }) {
    const { Authorization } = identity(session());
    if (response.status === 401 && Authorization !== undefined && request.headers.get("Authorization") === Authorization) endSession();
    const before = asked.get(request);
    if (response.status === 304 && before !== undefined) {
      return new Response(before.text, { status: 200, headers: before.headers });
    }
    const etag = response.headers.get("ETag");
    if (request.method === "GET" && response.status === 200 && etag !== null) {
      const text = await response.clone().text();
      if (!asked.has(request)) return undefined;
      if (known.size > 400) known.clear();
      known.set(place(request), { etag, text, headers: response.headers });
    }
    return undefined;
  },
};

export const api = createClient<paths>({
  baseUrl: BASE,
  fetch: (request) => takeEarly(request) ?? fetch(request),
  cache: "no-store",
  credentials: "same-origin",
  querySerializer: { array: { style: "form", explode: false } }, // as the contract has it: `state=failed,timedOut`
});
api.use(conditional);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Takes the answer, or throws what the server says is wrong. */
export async function taken<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await whole(asked)).data as T;
}

/** Takes a page of a list, with the cursor that its `Link` has. */
export async function page<T>(asked: Promise<Answer<unknown>>): Promise<Page<T>> {
  const { data, response } = await whole(asked);
  return { items: data as T[], next: nextOf(response) };
}

/** The cursor of the next page. */
export function nextOf(response: Response): string | null {
  const link = /<([^>]+)>; rel="next"/.exec(response.headers.get("Link") ?? "");
  return link === null ? null : new URL(link[1] ?? "", BASE).searchParams.get("cursor");
}

/** Takes the answer with its header fields, or throws what the server says is wrong. */
export async function whole<T>(asked: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (error) {
    throw new ProblemError(unreachable(error));
  }
  if (answer.error !== undefined || !answer.response.ok) throw new ProblemError(problemOf(answer.error, answer.response));
  return answer;
}

const unreachable = (error: unknown): Problem => ({
  title: "sedo cannot be reached",
  detail: error instanceof Error ? error.message : String(error),
  status: 599,
  type: null,
});

function problemOf(error: unknown, response: Response): Problem {
  if (typeof error === "object" && error !== null && "title" in error && "detail" in error) return error as Problem;
  return { title: response.statusText || "Error", detail: `the answer was ${response.status}`, status: response.status, type: null };
}

/** Reads a value that was too large for an answer, by the link that its reference has. */
export async function readLink(link: string): Promise<unknown> {
  const response = await fetch(`${new URL(BASE).origin}${link}`, { headers: identity(session()), cache: "no-store" });
  if (!response.ok) throw new ProblemError((await response.json()) as Problem);
  return response.json();
}
