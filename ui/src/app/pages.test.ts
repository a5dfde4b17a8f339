import { expect, it } from "vitest";
import { PAGES, pagesFor } from "./pages";

const shown = (rights: string[] | undefined): string[] => pagesFor(rights).flatMap(({ pages }) => pages.map((page) => page.key));

it("shows the pages that somebody's rights open, and no empty group", () => {
  expect(shown(["tasks:read"])).toEqual(["t", "h"]);
  expect(pagesFor(["tasks:read"]).map(({ group }) => group)).toEqual(["work", "operate"]);
  expect(shown(["audit:read", "access:read"])).toEqual(["h", "a", "r"]);
});

it("hides nothing while rights are not known, and opens each page by a key of its own", () => {
  expect(shown(undefined)).toHaveLength(PAGES.length);
  expect(new Set(PAGES.map((page) => page.key)).size).toBe(PAGES.length);
});
