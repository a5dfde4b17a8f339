import { expect, it } from "vitest";
import { askedAt, partAt, PARTS } from "./boot";
import { router } from "./router";

it("every page that is loaded when it is shown is asked for by its address", () => {
  const later = Object.values(router.routesByPath as Record<string, { fullPath: string; options: { component?: { preload?: unknown } } }>).filter(({ options }) => options.component?.preload !== undefined);
  expect(later.map(({ fullPath }) => fullPath).sort()).toEqual(Object.keys(PARTS).sort());
  for (const [place, part] of Object.entries(PARTS)) expect(partAt(`#${place.replaceAll("$", "a-")}?q=1/2`)).toBe(part);
});

it.each(["", "#/", "#/t/acme/executions?state=failed", "#/t/acme/executions/", "#/t/acme/nothing", "#/sign-in?to=/t/acme/tasks"])("at %j no part is needed, and nothing is asked", (hash) => {
  expect(partAt(hash)).toBeUndefined();
  expect(askedAt(hash)).toEqual([]);
});

it("an execution is asked for as the client of the API asks", () => {
  const asked = ["/sedo/tenants/a%20b/executions/a%20b%3Aorder%3A7", "/sedo/tenants/a%20b/executions/a%20b%3Aorder%3A7/history?limit=100&sort=-time"];
  expect(askedAt("#/t/a%20b/executions/a%20b%3Aorder%3A7?step=a")).toEqual(asked);
  expect(askedAt("#/t/a%20b/executions/a%20b:order:7")).toEqual(asked);
  expect(askedAt("#/t/%zz/executions/7")[0]).toBe("/sedo/tenants/%zz/executions/7");
});

it("so is the list of executions without filters, which is a part of the frame", () => {
  expect(partAt("#/t/acme/executions")).toBeUndefined();
  expect(askedAt("#/t/acme/executions")).toEqual(["/sedo/tenants/acme/executions?limit=50"]);
});
