/** The frame of every page: who asks, in which tenant, and where one can go. */
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { signOutAddress } from "~/api/oidc";
import { EARLY_MS, endSession, session, signOut } from "~/api/session";
import { useSession } from "~/api/use-session";
import { Boundary } from "~/parts/problem";
import { texts } from "~/texts";
import { clearTenant } from "./cache";
import { meQuery } from "./gate";
import { openTasksQuery } from "./open-tasks";
import { pagesFor } from "./pages";
import { Palette } from "./palette";
import { useShortcuts } from "./shortcuts";
import { Stopped } from "./stopped";
import { switchMode, useMode } from "./theme";

export function Shell() {
  const { tenant } = useParams({ from: "/gate/t/$tenant" });
  const path = useLocation({ select: (location) => location.pathname });
  const main = useRef<HTMLElement>(null);
  const [isPaletteOpen, openPalette] = useState(false);
  useShortcuts(tenant, () => openPalette(true));
  useEffect(() => {
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {texts.app.skip}
      </a>
      <Top tenant={tenant} onPalette={() => openPalette(true)} />
      <Navigation tenant={tenant} />
      <main id="main" ref={main} tabIndex={-1} className="page">
        <Ending />
        <Stopped key={`stopped ${path}`} tenant={tenant} />
        <Boundary key={path}>
          <Outlet />
        </Boundary>
      </main>
      {isPaletteOpen && <Palette tenant={tenant} onClose={() => openPalette(false)} />}
    </div>
  );
}

function Top({ tenant, onPalette }: { tenant: string; onPalette: () => void }) {
  const mode = useMode();
  const me = useQuery(meQuery(tenant));
  const navigate = useNavigate();
  const leave = (): void => {
    const away = signOutAddress(session());
    clearTenant();
    signOut();
    if (away === null) void navigate({ to: "/sign-in" });
    else location.assign(away);
  };
  return (
    <header className="top">
      <Link to="/t/$tenant/executions" params={{ tenant }} className="brand">
        {texts.app.name}
      </Link>
      <button type="button" className="top-search" onClick={onPalette}>
        {texts.app.palette} <kbd>Ctrl K</kbd>
      </button>
      <button type="button" className="top-button top-framed" onClick={switchMode} title={texts.app.theme.label}>
        <span aria-hidden="true">{mode === "dark" ? "☀" : "☾"}</span> {mode === "dark" ? texts.app.theme.light : texts.app.theme.dark}
      </button>
      <Tenant tenant={tenant} listed={me.data?.tenants ?? []} />
      <span className="top-who" title={me.data?.roles?.join(", ") ?? ""}>
        <span aria-hidden="true">☻</span> {me.data?.subject ?? "…"}
      </span>
      <button type="button" className="top-button" onClick={leave}>
        {texts.app.signOut}
      </button>
    </header>
  );
}

/** The tenant: one of those that the server lists, or any other by its name. */
function Tenant({ tenant, listed }: { tenant: string; listed: readonly string[] }) {
  const navigate = useNavigate();
  const others = listed.filter((each) => each !== "*" && each !== tenant);
  if (others.length === 0 || listed.includes("*")) {
    return (
      <Link to="/tenants" className="top-button" title={texts.signIn.switch}>
        {texts.app.tenant} {tenant}
      </Link>
    );
  }
  return (
    <label className="top-button">
      {texts.app.tenant}{" "}
      <select className="top-choice" value={tenant} onChange={(event) => void navigate({ to: "/t/$tenant/executions", params: { tenant: event.target.value } })}>
        {[tenant, ...others].sort().map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}

/** Says, a minute before, that the sign-in ends and is not renewed. */
function Ending() {
  const ends = useSession()?.oidc;
  const [isSoon, setSoon] = useState(false);
  const at = ends === undefined || ends.refresh !== undefined ? null : ends.expiresAt - EARLY_MS;
  useEffect(() => {
    const left = at === null ? Infinity : at - Date.now();
    setSoon(left <= 0);
    if (left <= 0 || left > LONGEST_MS) return undefined;
    const timer = setTimeout(() => setSoon(true), left);
    return () => clearTimeout(timer);
  }, [at]);
  return (
    <div role="status">
      {isSoon && (
        <p className="notice">
          {texts.signIn.ending}{" "}
          <button type="button" className="link" onClick={endSession}>
            {texts.signIn.anew}
          </button>
        </p>
      )}
    </div>
  );
}

/** The longest time of a browser's timer. */
const LONGEST_MS = 2 ** 31 - 1;

function Navigation({ tenant }: { tenant: string }) {
  const path = useLocation({ select: (location) => location.pathname });
  const [opened, open] = useState<string | null>(null); // the path at which a narrow screen has opened it
  const me = useQuery(meQuery(tenant));
  const mayReadTasks = me.data?.rights?.includes("tasks:read") ?? false;
  const tasks = useQuery({ ...openTasksQuery(tenant), enabled: mayReadTasks });
  const isOpen = opened === path;
  return (
    <nav className={isOpen ? "side open" : "side"} aria-label={texts.app.navigation}>
      <button type="button" className="side-menu" aria-expanded={isOpen} onClick={() => open(isOpen ? null : path)}>
        ☰ {texts.app.menu}
      </button>
      <div className="side-groups">
        {pagesFor(me.data?.rights).map(({ group, pages }) => (
          <ul key={group} aria-label={texts.groups[group]}>
            {pages.map((page) => (
              <li key={page.to}>
                <Link to={page.to} params={{ tenant }} activeProps={{ "aria-current": "page" }}>
                  {page.name}
                  {page.key === "t" && tasks.data !== undefined && tasks.data.items.length > 0 && (
                    <span className="count">
                      {tasks.data.items.length}
                      {tasks.data.next !== null && "+"}
                    </span>
                  )}
                </Link>
              </li>
            ))}
          </ul>
        ))}
      </div>
    </nav>
  );
}
