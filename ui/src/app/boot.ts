/** Asks for the part of the page that an address shows, and for what that asks first, while the frame of all pages is on its way. */
import { askEarly } from "~/api/early";
import { session } from "~/api/session";

/** Parts that are loaded when they are shown, by the address of each. */
export const PARTS = {
  "/t/$tenant/executions/$id": () => import("~/pages/execution"),
  "/t/$tenant/definitions": () => import("~/pages/definitions"),
  "/t/$tenant/definitions/$id": () => import("~/pages/definition"),
  "/t/$tenant/definitions/$id/edit": () => import("~/pages/editor"),
  "/t/$tenant/definitions/$id/start": () => import("~/pages/start"),
  "/t/$tenant/new-definition": () => import("~/pages/editor"),
  "/t/$tenant/tasks": () => import("~/pages/tasks"),
  "/t/$tenant/search": () => import("~/pages/search"),
  "/t/$tenant/incidents": () => import("~/pages/incidents"),
  "/t/$tenant/health": () => import("~/pages/health"),
  "/t/$tenant/audit": () => import("~/pages/audit"),
  "/t/$tenant/rights": () => import("~/pages/rights"),
  "/t/$tenant/keys": () => import("~/pages/keys"),
  "/t/$tenant/events": () => import("~/pages/events"),
  "/t/$tenant/schedules": () => import("~/pages/schedules"),
  "/t/$tenant/schedules/$name": () => import("~/pages/schedule"),
  "/t/$tenant/new-schedule": () => import("~/pages/schedule"),
  "/t/$tenant/cost": () => import("~/pages/cost"),
  "/task/$tenant/$id": () => import("~/pages/task"),
};

/** The part that stands at an address of this page, `#/t/acme/tasks?task=7`. */
export function partAt(hash: string): (() => Promise<unknown>) | undefined {
  const asked = hash.replace(/^#/, "").replace(/\?.*$/, "").split("/");
  const isAt = (place: string): boolean => {
    const names = place.split("/");
    return names.length === asked.length && names.every((name, index) => (name.startsWith("$") ? asked[index] !== "" : name === asked[index]));
  };
  return Object.entries(PARTS).find(([place]) => isAt(place))?.[1];
}

/** What the page at an address asks the API first. */
export function askedAt(hash: string): string[] {
  const [, tenant, id] = /^#\/t\/([^/?]+)\/executions(?:\/([^/?]+)(?:\?.*)?)?$/.exec(hash) ?? [];
  if (tenant === undefined) return [];
  const list = `/sedo/tenants/${escaped(tenant)}/executions`;
  if (id === undefined) return [`${list}?limit=50`];
  const execution = `${list}/${escaped(id)}`;
  return [execution, `${execution}/history?limit=100&sort=-time`];
}

/** A part of an address, as the client of the API writes it. */
function escaped(part: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(part));
  } catch {
    return part; // nothing stands there
  }
}

if (session() !== null) {
  askEarly(askedAt(location.hash));
  partAt(location.hash)?.().catch(() => undefined); // the router says what fails
}
