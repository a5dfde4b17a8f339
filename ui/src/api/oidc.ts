/** Sign-in at the issuer: OpenID Connect Core 1.0 with an authorization code and PKCE (RFC 7636), for a client without a secret. */
import type { components } from "./schema.gen";
import { EARLY_MS, type OidcTokens, session, type Session, signIn } from "./session";

export type Configuration = components["schemas"]["ConsoleConfiguration"];
export type Issuer = NonNullable<Configuration["signIn"]>;

interface Discovery {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  end_session_endpoint?: string;
}

/** What is kept from the way there to the way back, in this tab. */
interface Pending {
  state: string;
  nonce: string;
  verifier: string;
  to: string;
  issuer: Issuer;
  endpoint: string;
  signOut?: string;
}

const PENDING = "sedo.oidc";

export class SignInError extends Error {}

const here = (): string => location.origin + location.pathname;
const encoded = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const random = (): string => encoded(crypto.getRandomValues(new Uint8Array(32)));

export async function readConfiguration(): Promise<Configuration> {
  const answer = await fetch("./config.json", { cache: "no-store" });
  if (!answer.ok) throw new SignInError(`the configuration of the console cannot be read: ${answer.status}`);
  return (await answer.json()) as Configuration;
}

async function discover(issuer: string): Promise<Discovery> {
  const answer = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, { credentials: "omit" });
  const found = (await answer.json()) as Discovery;
  if (!answer.ok || found.issuer !== issuer) throw new SignInError("the issuer does not tell where to sign in");
  return found;
}

/** Leads to the issuer, which leads back to this page; `isAnew`: it asks even who is signed in there. */
export async function beginSignIn(issuer: Issuer, to: string, isAnew: boolean): Promise<void> {
  const { authorization_endpoint, token_endpoint, end_session_endpoint: signOut } = await discover(issuer.issuer);
  const pending: Pending = { state: random(), nonce: random(), verifier: random(), to, issuer, endpoint: token_endpoint, ...(signOut && { signOut }) };
  const challenge = encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier))));
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const asked = new URL(authorization_endpoint);
  const query = { response_type: "code", client_id: issuer.clientId, redirect_uri: here(), scope: "openid", state: pending.state, nonce: pending.nonce, code_challenge: challenge, code_challenge_method: "S256" };
  for (const [name, value] of Object.entries({ ...query, ...(issuer.audience && { audience: issuer.audience }), ...(isAnew && { prompt: "login" }) })) asked.searchParams.set(name, value);
  location.assign(asked.href);
}

/** The answer of the issuer in the address of this page, taken out of it at once: a code is for one time. */
export function takeAnswer(): URLSearchParams | null {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("state") || !(answer.has("code") || answer.has("error"))) return null;
  history.replaceState(null, "", here() + location.hash);
  return answer;
}

/** Makes a session of the issuer's answer, and tells where the way had begun. */
export async function finishSignIn(answer: URLSearchParams): Promise<{ session: Session; to: string }> {
  const kept = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  const pending = kept === null ? null : (JSON.parse(kept) as Pending);
  if (pending === null || answer.get("state") !== pending.state) throw new SignInError("this sign-in was not begun in this tab: begin anew");
  const { issuer, endpoint, signOut } = pending;
  if (answer.has("iss") && answer.get("iss") !== issuer.issuer) throw new SignInError("another issuer has answered");
  if (answer.has("error")) throw new SignInError(`the issuer refuses: ${answer.get("error_description") ?? answer.get("error")}`);
  const tokens = await ask(endpoint, { grant_type: "authorization_code", code: answer.get("code") ?? "", redirect_uri: here(), client_id: issuer.clientId, code_verifier: pending.verifier });
  const claims = claimsOf(tokens.id_token ?? "");
  const audiences = [claims.aud].flat();
  if (claims.iss !== issuer.issuer || !audiences.includes(issuer.clientId) || claims.nonce !== pending.nonce) throw new SignInError("the token is not the answer to this sign-in");
  return { session: sessionOf(tokens, { issuer, endpoint, ...(signOut && { signOut }) }), to: pending.to };
}

/** Where the issuer ends its own session and leads back to this page, if it says where: OpenID Connect RP-Initiated Logout 1.0, and `logout_uri` for Cognito. */
export function signOutAddress(who: Session | null): string | null {
  if (who?.oidc?.signOut === undefined) return null;
  const asked = new URL(who.oidc.signOut);
  const query = { client_id: who.oidc.issuer.clientId, post_logout_redirect_uri: here(), logout_uri: here(), ...(who.oidc.idToken && { id_token_hint: who.oidc.idToken }) };
  for (const [name, value] of Object.entries(query)) asked.searchParams.set(name, value);
  return asked.href;
}

interface Tokens {
  id_token?: string;
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
}

async function ask(endpoint: string, form: Record<string, string>): Promise<Tokens> {
  const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form), credentials: "omit" });
  const found = (await answer.json().catch(() => ({}))) as Tokens & { error?: string; error_description?: string };
  if (!answer.ok) throw new SignInError(`the issuer gives no token: ${found.error_description ?? found.error ?? answer.status}`);
  return found;
}

/** The claims of a token that came from the issuer itself: its signature is checked by sedo. */
function claimsOf(token: string): { iss?: string; aud?: string | string[]; nonce?: string; exp?: number } {
  try {
    const text = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0)))) as object;
  } catch {
    throw new SignInError("the issuer gives no token that can be read");
  }
}

/** Makes a session of tokens; what they do not give anew stays as it was. */
function sessionOf(tokens: Tokens, before: Omit<OidcTokens, "expiresAt">): Session {
  const { issuer } = before;
  const token = issuer.audience === null ? tokens.id_token : tokens.access_token;
  if (token === undefined) throw new SignInError("the issuer gives no token of the kind that is needed");
  const seconds = issuer.audience === null ? (claimsOf(token).exp ?? 0) - Date.now() / 1_000 : (tokens.expires_in ?? 300);
  const given = { ...(tokens.refresh_token && { refresh: tokens.refresh_token }), ...(tokens.id_token && { idToken: tokens.id_token }) };
  return { means: "token", token, oidc: { ...before, ...given, expiresAt: Date.now() + seconds * 1_000 } };
}

let renewing: Promise<void> | null = null;

/** Renews a token that ends soon, once for all who ask meanwhile; one that cannot be renewed is left to the server's 401. */
export async function keepFresh(): Promise<void> {
  const now = session();
  if (now?.oidc?.refresh === undefined || now.oidc.expiresAt - Date.now() > EARLY_MS) return;
  renewing ??= renew(now.oidc).finally(() => {
    renewing = null;
  });
  await renewing;
}

async function renew(known: OidcTokens): Promise<void> {
  const { refresh = "", ...lasting } = known;
  const asked = (): Session | null => (session()?.oidc?.refresh === refresh ? session() : null);
  try {
    const tokens = await ask(known.endpoint, { grant_type: "refresh_token", refresh_token: refresh, client_id: known.issuer.clientId });
    const now = asked();
    if (now !== null) signIn({ ...now, ...sessionOf(tokens, known) });
  } catch (error) {
    const now = asked();
    if (error instanceof SignInError && now !== null) signIn({ ...now, oidc: lasting }); // else the network may be back for the next request
  }
}
