/** The pages of a tenant: the navigation, the keys and the palette have them from here. */
import { texts } from "~/texts";

/** `right` is what a page needs: without it, the navigation does not show it. `key` opens it after `g`. */
export const PAGES = [
  { group: "work", to: "/t/$tenant/definitions", name: texts.pages.definitions, key: "d", right: "definitions:read" },
  { group: "work", to: "/t/$tenant/executions", name: texts.pages.executions, key: "e", right: "executions:read" },
  { group: "work", to: "/t/$tenant/tasks", name: texts.pages.tasks, key: "t", right: "tasks:read" },
  { group: "operate", to: "/t/$tenant/search", name: texts.pages.search, key: "s", right: "executions:read" },
  { group: "operate", to: "/t/$tenant/incidents", name: texts.pages.incidents, key: "i", right: "executions:read" },
  { group: "operate", to: "/t/$tenant/schedules", name: texts.pages.schedules, key: "p", right: "schedules:read" },
  { group: "operate", to: "/t/$tenant/events", name: texts.pages.events, key: "v", right: "events:read" },
  { group: "operate", to: "/t/$tenant/cost", name: texts.pages.cost, key: "c", right: "executions:read" },
  { group: "operate", to: "/t/$tenant/health", name: texts.pages.health, key: "h", right: null },
  { group: "access", to: "/t/$tenant/audit", name: texts.pages.audit, key: "a", right: "audit:read" },
  { group: "access", to: "/t/$tenant/rights", name: texts.pages.rights, key: "r", right: "access:read" },
  { group: "access", to: "/t/$tenant/keys", name: texts.pages.keys, key: "k", right: "keys:read" },
] as const;

export type PageEntry = (typeof PAGES)[number];

const GROUPS = ["work", "operate", "access"] as const;

/** The pages that somebody may open, by their groups. Rights that are not known yet hide nothing. */
export function pagesFor(rights: readonly string[] | null | undefined): { group: keyof typeof texts.groups; pages: PageEntry[] }[] {
  const isShown = (page: PageEntry): boolean => rights == null || page.right === null || rights.includes(page.right);
  return GROUPS.map((group) => ({ group, pages: PAGES.filter((page) => page.group === group && isShown(page)) })).filter((each) => each.pages.length > 0);
}
