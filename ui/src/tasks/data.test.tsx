import { act } from "react";
import { createRoot } from "react-dom/client";
import { expect, it } from "vitest";
import type { Json } from "~/api/types";
import { columnsOf, Data, titleOf } from "./data";

function drawn(value: Json, schema?: unknown): HTMLElement {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  const host = document.createElement("div");
  act(() => createRoot(host).render(<Data value={value} schema={schema} />));
  return host;
}

it("names members by the titles of the schema, else by their names as words", () => {
  const schema = { properties: { total: { title: "Amount" } } };
  expect(["total", "orderTotal", "order_id", "x-y"].map((name) => titleOf(name, schema))).toEqual(["Amount", "Order total", "Order id", "x-y"]);
});

it("shows a list of objects as a table, and what is nested by request", () => {
  const host = drawn({ customer: "Ada", vip: true, note: null, tags: ["a", "b"], lines: [{ sku: "tea", count: 2 }, { sku: "pot" }], deep: { a: { b: 1 } } });
  expect([...host.querySelectorAll("th")].map((each) => each.textContent)).toEqual(["Sku", "Count"]);
  expect([...host.querySelectorAll("td")].map((each) => each.textContent)).toEqual(["tea", "2", "pot", ""]);
  expect(host.textContent).toContain("CustomerAdaVipYesNoteempty");
  expect([...host.querySelectorAll("details")].map((each) => each.open)).toEqual([false, false, false]);
  expect([...host.querySelectorAll("summary")].map((each) => each.textContent)).toEqual(["1 member", "1 member", "As JSON"]);
});

it("makes no table of what has none, and shows the first of many", () => {
  expect(columnsOf([{ a: [] }])).toBeUndefined();
  expect(columnsOf([1, { a: 1 }])).toBeUndefined();
  const host = drawn(Array.from({ length: 30 }, (_, n) => ({ n })));
  expect(host.querySelectorAll("tbody tr")).toHaveLength(20);
  act(() => host.querySelector<HTMLElement>("button.chip")?.click());
  expect(host.querySelectorAll("tbody tr")).toHaveLength(30);
});
