import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { completionAt, expressionAt, type Knowledge, stashNames } from "./completion";
import { aboutOffset } from "./hover";
import type { Schema } from "./schema";

const knowledge: Knowledge = {
  schema: JSON.parse(readFileSync("../docs/definition.schema.json", "utf8")) as Schema,
  functions: [{ name: "add", call: "add(a, b)", description: "a + b.", examples: ["add(`1`, `2`) -> 3"] }],
  types: new Map([["echo", "Answer with a message."]]),
  definitions: ["payment"],
};
const HEAD = `id: order
inputSchema:
  type: object
  properties:
    price: {type: object, properties: {amount: {type: number}}}
stash: {tries: 0}
steps:
  - id: first
    type: echo
    message: hello
    stash: greeting
`;
/** What is offered where | stands. */
function offered(text: string): string[] {
  const offset = text.indexOf("|");
  return completionAt(text.replace("|", ""), offset, knowledge)?.choices.map((each) => each.name) ?? [];
}

describe("completion", () => {
  it("offers members of a definition and of a step by its type, and none twice", () => {
    expect(offered("ti|")).toContain("title");
    expect(offered("id: a\ni|")).not.toContain("id");
    expect(offered(`${HEAD}    |`)).toEqual(expect.arrayContaining(["when", "retry", "catch"]));
    expect(offered(`${HEAD}    |`)).not.toContain("message");
    expect(offered(`${HEAD}  - id: b\n    type: http\n    me|`)).toEqual(expect.arrayContaining(["method", "url", "headers"]));
    expect(offered(`${HEAD}    retry:\n      - ma|`)).toContain("maxAttempts");
    expect(offered(`${HEAD}  - {id: b, type: http, u|}`)).toContain("url");
  });

  it("offers the same in JSON", () => {
    expect(offered('{"id": "a", "steps": [{"id": "b", "type": "http", "u|"}]}')).toContain("url");
    expect(offered('{"id": "a", "steps": [{"id": "b", "type": "ht|"}]}')).toContain("http");
  });

  it("offers step types, constants, and members of JSON Schemas", () => {
    expect(offered(`${HEAD}  - id: b\n    type: |`)).toEqual(expect.arrayContaining(["http", "map", "task"]));
    expect(offered(`${HEAD}    end: |`)).toEqual(["true"]);
    expect(offered("inputSchema:\n  pro|")).toContain("properties");
    expect(offered("inputSchema:\n  properties:\n    a: {type: |}")).toContain("integer");
  });

  it("offers the steps of the same list where a step is named, and definitions where one is", () => {
    expect(offered(`${HEAD}    next: |\n  - {id: second, type: fail}\n`)).toEqual(["second"]);
    expect(offered(`${HEAD}    catch:\n      - {errors: ['*'], next: |}\n  - {id: second, type: fail}\n`)).toEqual(["second"]);
    expect(offered(`${HEAD}  - id: b\n    type: workflow\n    definition: |`)).toEqual(["payment"]);
  });

  it("offers the scope, functions, stash names and members of the input in expressions", () => {
    expect(offered(`${HEAD}    output: \${ | }`)).toEqual(expect.arrayContaining(["input", "stash", "execution", "add"]));
    expect(offered(`${HEAD}    output: \${stash.|}`)).toEqual(["greeting", "tries"]);
    expect(offered(`${HEAD}    output: \${input.|}`)).toEqual(["price"]);
    expect(offered(`${HEAD}    output: \${add(input.price.|, \`1\`)}`)).toEqual(["amount"]);
    expect(offered(`${HEAD}    when: execution.start|`)).toContain("startedBy");
    expect(offered(`${HEAD}    output: \${'a |'}`)).toEqual([]);
    expect(offered(`${HEAD}    message: plain text |`)).toEqual([]);
  });

  it("knows who leaves what in the stash", () => {
    expect(stashNames({ stash: { a: 1 }, steps: [{ id: "x", type: "map", stash: "b", steps: [{ id: "y", stash: { c: "" }, catch: [{ stash: "d" }] }] }] })).toEqual(["a", "b", "c", "d"]);
  });
});

describe("what stands at a place", () => {
  const text = `${HEAD}    when: stash.tries > \`1\`\n    output: \${ add(\`1\`, \`2\`) }\n`;
  const about = (word: string): string | undefined => aboutOffset(text, text.indexOf(word) + 1, knowledge)?.about;
  it("is said of members, step types and functions", () => {
    expect(about("when:")).toMatch(/An expression/);
    expect(about("echo")).toBe("Answer with a message.");
    expect(about("add(")).toBe("a + b.");
    expect(about("hello")).not.toBe("");
  });
  it("is the expression, to try it", () => {
    expect(expressionAt(text, text.indexOf("tries >"))).toBe("stash.tries > `1`");
    expect(expressionAt(text, text.indexOf("add("))).toBe("add(`1`, `2`)");
    expect(expressionAt(text, text.indexOf("hello"))).toBeNull();
  });
});
