import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Json } from "~/api/types";
import { JsonForm } from "./form";

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean;
}

const EVERYTHING: RJSFSchema = {
  type: "object",
  title: "All kinds",
  properties: {
    text: { type: "string", title: "Text", description: "With **weight** and <img src=x onerror=alert(1)>" },
    number: { type: "number", title: "Number", default: 1.5 },
    yes: { type: "boolean", title: "Yes" },
    color: { title: "Colour", oneOf: [{ const: "r", title: "Red" }, { const: "g", title: "Green" }] },
    many: { type: "array", title: "Many", uniqueItems: true, items: { enum: ["a", "b"] } },
    day: { type: "string", format: "date", title: "Day" },
    at: { type: "string", format: "date-time", title: "Instant" },
    file: { type: "string", format: "data-url", title: "File" },
    long: { type: "string", title: "Long" },
    lines: { type: "array", title: "Lines", items: { type: "object", properties: { sku: { type: "string", title: "SKU" } }, required: ["sku"] } },
    pay: { title: "Payment", oneOf: [{ title: "Card", type: "object", properties: { card: { type: "string" } } }, { title: "Bank", type: "object", properties: { iban: { type: "string" } } }] },
    more: { type: "object", title: "More", additionalProperties: { type: "string" } },
    fixed: { type: "string", title: "Fixed", readOnly: true, default: "f" },
  },
  required: ["text"],
};
const UI: UiSchema = { long: { "ui:widget": "textarea", "ui:help": "As long as you like" }, color: { "ui:widget": "radio" } };

let root: Root;
let host: HTMLElement;
let sent: Json | undefined;
let changed: Json | undefined;

async function draw(schema: RJSFSchema, value?: Json, uiSchema: UiSchema = UI): Promise<void> {
  await act(async () => {
    root.render(
      <JsonForm schema={schema} uiSchema={uiSchema} value={value} onChange={(next) => (changed = next)} onSubmit={(next) => (sent = next)}>
        <button type="submit">Send</button>
      </JsonForm>,
    );
  });
}

const write = (id: string, text: string): Promise<void> =>
  act(async () => {
    const input = host.querySelector<HTMLInputElement>(`[id="${id}"]`);
    if (input === null) throw new Error(`no input ${id}`);
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, text);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
const submit = (): Promise<void> =>
  act(async () => {
    host.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  });
const click = (name: string): Promise<void> =>
  act(async () => {
    const found = [...host.querySelectorAll("button")].find((each) => each.getAttribute("aria-label")?.includes(name) || each.textContent?.includes(name));
    if (found === undefined) throw new Error(`no button ${name}`);
    found.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    found.click();
  });

beforeEach(() => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  host = document.body.appendChild(document.createElement("div"));
  root = createRoot(host);
  sent = changed = undefined;
});
afterEach(async () => {
  await act(async () => root.unmount());
  host.remove();
});

describe("a form", () => {
  it("says that a time is in UTC, and shows one with an offset in it", async () => {
    await draw({ type: "string", format: "time", title: "Time" }, "01:30:00+02:00", {});
    expect(host.querySelector<HTMLInputElement>("input[type=time]")?.value).toMatch(/^23:30/);
    expect(host.textContent).toContain("UTC");
    await write("root", "09:15");
    expect(changed).toBe("09:15:00Z");
  });

  it("has an input for every kind, each with its label", async () => {
    await draw(EVERYTHING);
    for (const kind of ["input[type=date]", "input[type=datetime-local]", "input[type=file]", "textarea", "input[type=radio]", "input[type=checkbox]"]) {
      expect(host.querySelector(kind), kind).not.toBeNull();
    }
    for (const name of ["Text", "Number", "Yes", "Colour", "Many", "Day", "Instant", "File", "Long", "Lines", "Payment", "More", "Fixed"]) {
      expect(host.textContent).toContain(name);
    }
    expect(host.textContent).toContain("As long as you like");
    expect(host.querySelector<HTMLInputElement>("#root_fixed")?.readOnly).toBe(true);
  });

  it("shows descriptions of others as text, and never as a part of the page", async () => {
    await draw(EVERYTHING);
    expect(host.querySelector("strong")?.textContent).toBe("weight");
    expect(host.querySelector("img")).toBeNull();
  });

  it("is not sent while something is wrong, and says what at the field", async () => {
    await draw(EVERYTHING);
    await submit();
    expect(sent).toBeUndefined();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("Text");
  });

  it("is sent with its defaults", async () => {
    await draw(EVERYTHING, { text: "x" });
    await submit();
    expect(sent).toMatchObject({ text: "x", number: 1.5, fixed: "f" });
  });

  it("adds, moves and removes items, and members that no schema names", async () => {
    await draw(EVERYTHING, { text: "x", lines: [{ sku: "tea" }, { sku: "pot" }] });
    await click("Move down: Item 1");
    expect(changed).toMatchObject({ lines: [{ sku: "pot" }, { sku: "tea" }] });
    await click("Remove: Item 1");
    expect(changed).toMatchObject({ lines: [{ sku: "tea" }] });
    await click("Add: Lines");
    expect((changed as { lines: Json[] }).lines).toHaveLength(2);
  });

  it("draws the items of a list that has each its own schema, and those behind them", async () => {
    const place: RJSFSchema = { type: "object", properties: { at: { title: "At", prefixItems: [{ type: "number", title: "Latitude" }, { type: "string", title: "Name" }], items: { type: "boolean" } } as RJSFSchema } };
    await draw(place);
    await submit();
    expect(sent).toEqual({ at: [] });
    await draw(place, { at: [50.8, "Brussels", true] });
    expect(host.textContent).toMatch(/Latitude.*Name/);
    await submit();
    expect(sent).toEqual({ at: [50.8, "Brussels", true] });
    await draw(place, { at: [50.8, 7, true] });
    sent = undefined;
    await submit();
    expect(sent).toBeUndefined();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("At / Item 2");
  });

  it("keeps the fields of such a list while another field is written, behind a reference too", async () => {
    const pair = { title: "Pair", prefixItems: [{ type: "number", title: "First" }, { type: "string", title: "Second" }] };
    const both = { $defs: { pair }, type: "object", properties: { text: { type: "string", title: "Text" }, own: pair, other: { $ref: "#/$defs/pair" } } } as RJSFSchema;
    await draw(both, { text: "a" });
    expect(host.textContent?.match(/First.*?Second/g)).toHaveLength(2);
    await draw(both, { text: "b", own: [], other: [1] });
    expect(host.textContent?.match(/First.*?Second/g)).toHaveLength(2);
    await draw(both, { text: "b", own: [], other: [1, "x"] });
    await submit();
    expect(sent).toEqual({ text: "b", own: [], other: [1, "x"] });
  });

  it("keeps lists of several kinds of items beside and within a condition", async () => {
    const pair = { title: "Pair", prefixItems: [{ type: "string", title: "First" }, { type: "number", title: "Second" }] };
    const order = { type: "object", properties: { kind: { type: "string", title: "Kind" } }, if: { properties: { kind: { const: "x" } }, required: ["kind"] }, then: { properties: { inner: pair } } };
    const both = { type: "object", properties: { text: { type: "string", title: "Text" }, pair, any: { type: "array" }, orders: { type: "array", items: order } } } as RJSFSchema;
    await draw(both, { text: "a", pair: ["one", 2], any: [1, { b: 2 }], orders: [{ kind: "x", inner: ["in", 3] }] });
    await write("root_text", "b");
    expect(changed).toEqual({ text: "b", pair: ["one", 2], any: [1, { b: 2 }], orders: [{ kind: "x", inner: ["in", 3] }] });
    await write("root_orders_0_kind", "y");
    expect(changed).toMatchObject({ pair: ["one", 2], any: [1, { b: 2 }], orders: [{ kind: "y" }] });
  });

  it("leaves it to people to tick what has to be ticked", async () => {
    const agree = { type: "object", properties: { agreed: { type: "boolean", const: true, title: "I agree" }, kind: { const: "order", title: "Kind" } }, required: ["agreed"] } as RJSFSchema;
    await draw(agree);
    const box = host.querySelector<HTMLInputElement>("input[type=checkbox]");
    expect(box?.checked).toBe(false);
    await submit();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("I agree This is needed.");
    await draw(agree, { agreed: false, kind: "order" });
    await submit();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("I agree This is needed.");
    expect(sent).toBeUndefined();
    await draw(agree, { agreed: true, kind: "order" });
    await submit();
    expect(sent).toEqual({ agreed: true, kind: "order" });
  });

  it("takes no answer from who has given none", async () => {
    const approval = { type: "object", properties: { approved: { type: "boolean", title: "Approved?" }, urgent: { type: "boolean", title: "Urgent" }, seen: { type: "boolean", title: "Seen", default: false } }, required: ["approved", "seen"] } as RJSFSchema;
    await draw(approval);
    expect([...host.querySelectorAll<HTMLInputElement>("input[type=radio]")].map((each) => each.checked)).toEqual([false, false]);
    expect([...host.querySelectorAll("label")].map((each) => each.textContent)).toContain("Approved?");
    await submit();
    expect(sent).toBeUndefined();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("Approved? This is needed.");
    host.querySelector<HTMLElement>("[role=alert] button")?.click();
    expect(document.activeElement?.matches("input[type=radio]")).toBe(true);
    await act(async () => {
      const no = host.querySelectorAll<HTMLInputElement>("input[type=radio]")[1];
      no?.dispatchEvent(new Event("pointerdown", { bubbles: true }));
      no?.click();
    });
    expect(changed).toEqual({ approved: false, seen: false });
    await draw(approval, { approved: false, seen: false });
    await submit();
    expect(sent).toEqual({ approved: false, seen: false });
  });

  it("asks for each item and member that has to be answered", async () => {
    const checks = { type: "object", properties: { all: { type: "array", items: { type: "object", properties: { ok: { type: "boolean", title: "Is it right?" } }, required: ["ok"] } } } } as RJSFSchema;
    await draw(checks, { all: [{}] });
    await submit();
    expect(sent).toBeUndefined();
    expect(host.querySelectorAll("input[type=radio]")).toHaveLength(2);
    expect(host.querySelector("[role=alert] button")?.textContent).toContain("Is it right?");
  });

  it("says what is not allowed under a name", async () => {
    const patterns = { type: "object", properties: { map: { type: "object", patternProperties: { "^x-": { type: "integer" } }, additionalProperties: false } } } as RJSFSchema;
    await draw(patterns, { map: { newKey: 1 } });
    await submit();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("Nothing of this name is allowed here.");
  });

  it("fills in what a choice says by itself, such as its kind, and asks for it nowhere", async () => {
    const kind = (value: string, name: string): object => ({ title: name, type: "object", properties: { kind: { const: value }, [name]: { type: "string", title: name } }, required: ["kind", name] });
    const pay: RJSFSchema = { type: "object", properties: { pay: { title: "Pay", oneOf: [kind("card", "number"), kind("bank", "iban")] } } } as RJSFSchema;
    await draw(pay, { pay: { kind: "bank" } });
    expect(host.querySelector("[id=root_pay_kind]")?.closest("[hidden]")).not.toBeNull();
    await submit();
    expect(sent).toBeUndefined();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("Pay / iban");
    expect(host.querySelector("[role=alert]")?.textContent).not.toContain("number");
    await draw(pay, { pay: { iban: "BE68" } });
    await submit();
    expect(sent).toEqual({ pay: { kind: "bank", iban: "BE68" } });
  });

  it("chooses for nobody", async () => {
    const decide: RJSFSchema = { type: "object", required: ["decision"], properties: { decision: { title: "Decision", oneOf: [{ const: "approve", title: "Approve" }, { const: "reject", title: "Reject" }] } } };
    await draw(decide);
    await submit();
    expect(sent).toBeUndefined();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("Decision");
  });

  it("draws what other members bring along, and says what they need", async () => {
    const schema = {
      type: "object",
      properties: { card: { type: "string" } },
      dependentRequired: { card: ["billing"] },
      dependentSchemas: { card: { properties: { billing: { type: "string", title: "Billing address" } } } },
    } as RJSFSchema;
    await draw(schema);
    expect(host.querySelector("#root_billing")).toBeNull();
    await draw(schema, { card: "4111" });
    expect(host.querySelector("#root_billing")).not.toBeNull();
    await submit();
    expect(sent).toBeUndefined();
    expect(host.querySelector("[role=alert]")?.textContent).toContain("Billing address This is needed.");
    await draw(schema, { card: "4111", billing: "here" });
    await submit();
    expect(sent).toEqual({ card: "4111", billing: "here" });
  });

  it("asks for nothing in an optional part that nobody has begun", async () => {
    const place = { title: "Address", type: "object", properties: { city: { type: "string" }, country: { type: "string", default: "BE" } }, required: ["city"] };
    const pay = { oneOf: [{ type: "object", properties: { kind: { const: "card" }, number: { type: "string" } }, required: ["kind", "number"] }] };
    const schema = { type: "object", properties: { name: { type: "string" }, place: { $ref: "#/$defs/place" }, pay, home: { ...place, title: "Home" } }, required: ["home"], $defs: { place } } as RJSFSchema;
    await draw(schema, { name: "Ada", home: { city: "Ghent" } });
    expect(host.textContent).toContain("Address - optional");
    await submit();
    expect(sent).toEqual({ name: "Ada", home: { city: "Ghent", country: "BE" } });
    sent = undefined;
    await draw(schema, { name: "Ada", place: { country: "FR" } });
    await submit();
    expect(sent).toBeUndefined();
    expect([...host.querySelectorAll("[role=alert] li")].map((each) => each.textContent)).toEqual(["Address / city This is needed.", "Home / city This is needed."]);
    expect(host.querySelector("#root_place_city")?.closest(".form-row")?.textContent).toContain("This is needed.");
  });

  it("names what is wrong as people see it, in the order of the page, and leads there", async () => {
    const schema: RJSFSchema = { type: "object", properties: { "a.b": { type: "string", title: "First", minLength: 3 }, items: { type: "array", title: "Parts", items: { type: "string" }, maxItems: 1 }, last: { type: "string" } }, required: ["last"] };
    await draw(schema, { "a.b": "x", items: ["y", "z"] }, { last: { "ui:title": "The last", "ui:help": "Not **least**" } });
    expect([...host.querySelectorAll("strong")].map((each) => each.textContent)).toContain("least");
    await submit();
    const wrong = [...host.querySelectorAll("[role=alert] li")];
    expect(wrong.map((each) => each.querySelector("button")?.textContent)).toEqual(["First", "Parts", "The last"]);
    wrong[2]?.querySelector("button")?.click();
    expect(document.activeElement?.id).toBe("root_last");
    expect(host.querySelector("[id='root_a.b']")?.closest(".form-row")?.textContent).toContain("too short");
  });

  it("sends no file in the place of one that is too large", async () => {
    await draw({ type: "object", properties: { file: { type: "string", format: "data-url" } } }, { file: "data:text/plain;name=a.txt;base64,aGk=" });
    const input = host.querySelector<HTMLInputElement>("input[type=file]");
    Object.defineProperty(input, "files", { value: [{ name: "b.bin", size: 4_000_001 }] });
    await act(async () => {
      input?.dispatchEvent(new Event("pointerdown", { bubbles: true }));
      input?.dispatchEvent(new Event("change", { bubbles: true }));
    });
    expect(host.querySelector("[role=status]")?.textContent).toContain("4,000,000 bytes");
    expect(changed).toEqual({});
  });

  it("takes defaults for nobody's draft", async () => {
    await draw(EVERYTHING);
    expect(changed).toBeUndefined();
  });
});
