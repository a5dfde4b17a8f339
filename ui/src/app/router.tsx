/** Every page by its address: all that a page shows is in it, so that it can be sent to a colleague. */
import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  Outlet,
  parseSearchWith,
  redirect,
  stringifySearchWith,
} from "@tanstack/react-router";
import { readDefinition, readExecution } from "~/api/endpoints";
import { session } from "~/api/session";
import { ExecutionsPage } from "~/pages/executions";
import { SignInPage, TenantPage } from "~/pages/sign-in";
import { Boundary } from "~/parts/problem";
import { texts } from "~/texts";
import { PARTS } from "./boot";
import { client } from "./cache";
import { Gate } from "./gate";
import { enterTenant, lastTenant } from "./tenant";
import { Shell } from "./shell";

type Raw = Record<string, unknown>;
const text = (raw: Raw, name: string): string | undefined => {
  const value = raw[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
};
/** Reads the texts of an address that a page knows, and no others. */
const texts_ =
  <N extends string>(...names: N[]) =>
  (raw: Raw): { [K in N]?: string } => {
    const found: { [K in N]?: string } = {};
    for (const name of names) {
      const value = text(raw, name);
      if (value !== undefined) found[name] = value;
    }
    return found;
  };

/** The same of a page of a definition: a version that is no number is the newest. */
const versioned =
  <N extends string>(...names: N[]) =>
  (raw: Raw) =>
    texts_<"version" | N>("version", ...names)(/^[1-9]\d{0,8}$/.test(text(raw, "version") ?? "") ? raw : { ...raw, version: undefined });

function NotFound() {
  return (
    <main className="card-page">
      <h1>{texts.app.notFound}</h1>
      <p className="muted">{texts.app.notFoundHint}</p>
      <span>
        <Link to="/" className="primary">
          {texts.app.home}
        </Link>
      </span>
    </main>
  );
}

const root = createRootRoute({
  component: () => (
    <Boundary>
      <Outlet />
    </Boundary>
  ),
  notFoundComponent: NotFound,
});

export const homeRoute = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    const tenant = lastTenant();
    if (tenant === null) throw redirect({ to: "/tenants" });
    throw redirect({ to: "/t/$tenant/executions", params: { tenant } });
  },
});

export const signInRoute = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: texts_("to"),
  component: SignInPage,
});

const gate = createRoute({ getParentRoute: () => root, id: "gate", component: Gate });
export const tenantsRoute = createRoute({ getParentRoute: () => gate, path: "/tenants", component: TenantPage });
const shell = createRoute({ getParentRoute: () => gate, path: "/t/$tenant", beforeLoad: ({ params, preload }) => preload || enterTenant(params.tenant), component: Shell });

export const executionsRoute = createRoute({
  getParentRoute: () => shell,
  path: "/executions",
  validateSearch: texts_("state", "waits", "definition", "by", "parent", "from", "q", "cursor"),
  component: ExecutionsPage,
});

export const executionQuery = (tenant: string, id: string) => ({ queryKey: ["execution", tenant, id], queryFn: () => readExecution(tenant, id) });
export const versionQuery = (tenant: string, id = "", version?: number) => ({
  queryKey: ["definition", tenant, id, version],
  queryFn: () => readDefinition(tenant, id, version),
  staleTime: Infinity,
});

/** Asks for an execution and for the version that it runs, while its page is on its way. */
async function askAhead(tenant: string, id: string): Promise<void> {
  const { definitionId, version } = await client.fetchQuery(executionQuery(tenant, id));
  await client.prefetchQuery(versionQuery(tenant, definitionId, version));
}

export const executionRoute = createRoute({
  getParentRoute: () => shell,
  path: "/executions/$id",
  validateSearch: texts_("step", "turn", "tab", "view", "stash", "entries", "entry", "open", "hide"),
  loader: ({ params, cause }) => {
    if (cause === "enter" && session() !== null) askAhead(params.tenant, params.id).catch(() => undefined); // the page says what fails
  },
  shouldReload: false,
  component: lazyRouteComponent(PARTS["/t/$tenant/executions/$id"], "ExecutionPage"),
});

export const definitionsRoute = createRoute({
  getParentRoute: () => shell,
  path: "/definitions",
  validateSearch: texts_("q", "cursor"),
  component: lazyRouteComponent(PARTS["/t/$tenant/definitions"], "DefinitionsPage"),
});

export const definitionRoute = createRoute({
  getParentRoute: () => shell,
  path: "/definitions/$id",
  validateSearch: versioned(),
  component: lazyRouteComponent(PARTS["/t/$tenant/definitions/$id"], "DefinitionPage"),
});

export const editorRoute = createRoute({
  getParentRoute: () => shell,
  path: "/definitions/$id/edit",
  validateSearch: versioned("tool"),
  component: lazyRouteComponent(PARTS["/t/$tenant/definitions/$id/edit"], "EditorPage"),
});

export const newDefinitionRoute = createRoute({
  getParentRoute: () => shell,
  path: "/new-definition",
  validateSearch: texts_("tool"),
  component: lazyRouteComponent(PARTS["/t/$tenant/new-definition"], "NewDefinitionPage"),
});

export const startRoute = createRoute({
  getParentRoute: () => shell,
  path: "/definitions/$id/start",
  validateSearch: versioned("tab", "like"),
  component: lazyRouteComponent(PARTS["/t/$tenant/definitions/$id/start"], "StartPage"),
});

export const tasksRoute = createRoute({
  getParentRoute: () => shell,
  path: "/tasks",
  validateSearch: texts_("view", "task"),
  component: lazyRouteComponent(PARTS["/t/$tenant/tasks"], "TasksPage"),
});

export const searchRoute = createRoute({
  getParentRoute: () => shell,
  path: "/search",
  validateSearch: texts_("kind", "q", "state", "definition", "version", "step", "error", "by", "from", "to", "where", "sort", "cursor"),
  component: lazyRouteComponent(PARTS["/t/$tenant/search"], "SearchPage"),
});

export const incidentsRoute = createRoute({
  getParentRoute: () => shell,
  path: "/incidents",
  validateSearch: texts_("state", "kind", "definition", "execution", "from", "to", "cursor"),
  component: lazyRouteComponent(PARTS["/t/$tenant/incidents"], "IncidentsPage"),
});

export const healthRoute = createRoute({
  getParentRoute: () => shell,
  path: "/health",
  component: lazyRouteComponent(PARTS["/t/$tenant/health"], "HealthPage"),
});

export const auditRoute = createRoute({
  getParentRoute: () => shell,
  path: "/audit",
  validateSearch: texts_("who", "what", "thing", "refused", "from", "to", "entry", "cursor"),
  component: lazyRouteComponent(PARTS["/t/$tenant/audit"], "AuditPage"),
});

export const rightsRoute = createRoute({
  getParentRoute: () => shell,
  path: "/rights",
  validateSearch: texts_("tab", "who", "groups", "thing"),
  component: lazyRouteComponent(PARTS["/t/$tenant/rights"], "RightsPage"),
});

export const keysRoute = createRoute({
  getParentRoute: () => shell,
  path: "/keys",
  component: lazyRouteComponent(PARTS["/t/$tenant/keys"], "KeysPage"),
});

export const schedulesRoute = createRoute({
  getParentRoute: () => shell,
  path: "/schedules",
  validateSearch: texts_("cursor"),
  component: lazyRouteComponent(PARTS["/t/$tenant/schedules"], "SchedulesPage"),
});

export const newScheduleRoute = createRoute({
  getParentRoute: () => shell,
  path: "/new-schedule",
  validateSearch: texts_("definition"),
  component: lazyRouteComponent(PARTS["/t/$tenant/new-schedule"], "NewSchedulePage"),
});

export const scheduleRoute = createRoute({
  getParentRoute: () => shell,
  path: "/schedules/$name",
  component: lazyRouteComponent(PARTS["/t/$tenant/schedules/$name"], "SchedulePage"),
});

export const eventsRoute = createRoute({
  getParentRoute: () => shell,
  path: "/events",
  validateSearch: texts_("name", "key", "cursor"),
  component: lazyRouteComponent(PARTS["/t/$tenant/events"], "EventsPage"),
});

export const costRoute = createRoute({
  getParentRoute: () => shell,
  path: "/cost",
  validateSearch: texts_("from", "to", "definition"),
  component: lazyRouteComponent(PARTS["/t/$tenant/cost"], "CostPage"),
});

/** One task, for people who are no developers: no navigation around it. */
export const taskRoute = createRoute({
  getParentRoute: () => gate,
  path: "/task/$tenant/$id",
  beforeLoad: ({ params, preload }) => preload || enterTenant(params.tenant),
  component: lazyRouteComponent(PARTS["/task/$tenant/$id"], "TaskPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    homeRoute,
    signInRoute,
    gate.addChildren([
      tenantsRoute,
      taskRoute,
      shell.addChildren([
        executionsRoute,
        executionRoute,
        definitionsRoute,
        definitionRoute,
        editorRoute,
        newDefinitionRoute,
        startRoute,
        tasksRoute,
        searchRoute,
        incidentsRoute,
        healthRoute,
        auditRoute,
        rightsRoute,
        keysRoute,
        eventsRoute,
        schedulesRoute,
        newScheduleRoute,
        scheduleRoute,
        costRoute,
      ]),
    ]),
  ]),
  history: createHashHistory(),
  parseSearch: parseSearchWith((text) => text),
  stringifySearch: stringifySearchWith(String),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
