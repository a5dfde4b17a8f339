import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it } from "vitest";
import { List } from "./list";

let host: HTMLElement;
let root: Root;
beforeEach(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
  host = document.body.appendChild(document.createElement("div"));
  root = createRoot(host);
});
afterEach(() => {
  act(() => root.unmount());
  host.remove();
});

type Props = Parameters<typeof List<string>>[0];
const loaded = (items: string[], next: string | null): Props["list"] => ({ data: { items, next }, isPending: false, error: null, refetch: (() => undefined) as never });

function show(props: Partial<Props>): void {
  const all: Props = { label: "Names", columns: [{ name: "Name", cell: (row) => row }], keyOf: (row) => row, empty: "None.", list: loaded(["a", "b"], null), ...props };
  act(() => root.render(<List {...all} />));
}
const press = (key: string): void => act(() => void dispatchEvent(new KeyboardEvent("keydown", { key })));

it("opens and chooses rows by keyboard", () => {
  const opened: string[] = [];
  let chosen: ReadonlySet<string> = new Set();
  show({ onOpen: (row) => void opened.push(row), choice: { chosen, choose: (keys) => void (chosen = keys) } });
  for (const key of ["j", "j", "j", "Enter", "k", "x"]) press(key);
  expect(opened).toEqual(["b"]);
  expect([...chosen]).toEqual(["a"]);
});

it("says that it loads, that nothing is there, and what went wrong", () => {
  show({ list: { ...loaded([], null), data: undefined, isPending: true } });
  expect(host.textContent).toContain("Loading");
  show({ list: loaded([], null) });
  expect(host.textContent).toContain("None.");
  show({ list: { ...loaded([], null), data: undefined, error: new Error("it broke") } });
  expect(host.textContent).toContain("it broke");
});

it("leads to the next page and back to the first", () => {
  const cursors: (string | undefined)[] = [];
  show({ list: loaded(["a"], "c2"), cursor: "c1", onCursor: (cursor) => void cursors.push(cursor) });
  for (const button of host.querySelectorAll<HTMLElement>(".pager button")) act(() => button.click());
  expect(cursors).toEqual([undefined, "c2"]);
});
