import { describe, expect, it } from "vitest";
import { placeAt, pathOf, pointerOf, rangeOf, sourceOf, stepAt, stepsOf } from "./source";

const TEXT = `# an order
id: order
steps:
  - id: load # first
    type: http
    url: \${input.url}
    catch:
      - {errors: ['*'], next: sorry}
  - id: checks
    type: parallel
    branches:
      - id: fraud
        steps:
          - {id: score, type: echo, message: "x"}
  - id: sorry
    type: fail
`;
const source = sourceOf(TEXT);
const at = (pointer: string): string => {
  const { from, to } = rangeOf(source, pointer);
  return TEXT.slice(from, to);
};

describe("the places of a text", () => {
  it("are where pointers lead: to a plain value, to the key of a collection, or to where a missing one would be", () => {
    expect(at("/id")).toBe("order");
    expect(at("/steps/0/url")).toBe("${input.url}");
    expect(at("/steps/0/catch")).toBe("catch");
    expect(at("/steps/0/catch/0/next")).toBe("sorry");
    expect(at("/steps/1/branches/0/steps/0/message")).toBe('"x"');
    expect(at("/steps/2/cause")).toBe("id: sorry");
    expect(at("/nowhere/at/all")).toBe("id: order");
  });

  it("are found again by what stands there", () => {
    const path = (text: string): string => {
      const { path: found, part } = placeAt(source, TEXT.indexOf(text) + 1);
      return `${part} ${pointerOf(found)}`;
    };
    expect(path("url:")).toBe("key /steps/0/url");
    expect(path("${input")).toBe("value /steps/0/url");
    expect(path("score")).toBe("value /steps/1/branches/0/steps/0/id");
    expect(pathOf(pointerOf(["a/b", "c~d", 0]))).toEqual(["a/b", "c~d", "0"]);
  });

  it("are the same in JSON", () => {
    const json = sourceOf(JSON.stringify({ id: "a", steps: [{ id: "b", type: "ecko" }] }, null, 2));
    const { from, to } = rangeOf(json, "/steps/0/type");
    expect(json.text.slice(from, to)).toBe('"ecko"');
  });

  it("tell what is not well formed, and hold a bomb of aliases", () => {
    expect(sourceOf("a: [1").faults[0]?.message).toMatch(/flow|collection/i);
    expect(sourceOf("a: 1\na: 2").faults[0]?.message).toMatch(/unique/i);
    const bomb = ["a: &a [x, x]", ...Array.from({ length: 12 }, (_, n) => `${"bcdefghijklm"[n]}: &${"bcdefghijklm"[n]} [*${"abcdefghijkl"[n]}, *${"abcdefghijkl"[n]}]`)].join("\n");
    expect(sourceOf(bomb).value).toBeUndefined();
  });
});

describe("the steps of a text", () => {
  it("have the paths of the graph, and the pointers of the text", () => {
    expect([...stepsOf(source.value).pointers]).toEqual([
      ["load", "/steps/0"], ["checks", "/steps/1"], ["checks/fraud/score", "/steps/1/branches/0/steps/0"], ["sorry", "/steps/2"],
    ]);
    const steps = stepsOf(source.value);
    expect(stepAt(steps, ["steps", 1, "branches", 0, "steps", 0, "message"])).toBe("checks/fraud/score");
    expect(stepAt(steps, ["steps", 1, "type"])).toBe("checks");
    expect(stepAt(steps, ["id"])).toBeUndefined();
  });

  it("are what can be drawn of a definition that is not right yet", () => {
    const half = { steps: [{ id: "a", type: 7, catch: [{ next: 1 }, null], choices: "no" }, { id: "a" }, "x", null, { include: { definition: "more" } }, { id: "m", type: "map", steps: null }] };
    expect(stepsOf(half).steps.map(({ id, type }) => `${id} ${type}`)).toEqual(["a 7", "include more include", "m map"]);
    expect(stepsOf({ steps: "none" }).steps).toEqual([]);
    expect(stepsOf(null).steps).toEqual([]);
  });
});
