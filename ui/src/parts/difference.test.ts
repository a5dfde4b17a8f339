import { describe, expect, it } from "vitest";
import { difference, jsonDifference } from "./difference";

const signs = (before: string, after: string): string =>
  difference([...before], [...after])
    .map(({ kind, text }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`)
    .join("");

describe("the difference of two texts", () => {
  it("keeps what is the same, and is as short as can be", () => {
    expect(signs("abc", "abc")).toBe(" a b c");
    expect(signs("abc", "axc")).toBe(" a-b+x c");
    expect(signs("", "ab")).toBe("+a+b");
    expect(signs("ab", "")).toBe("-a-b");
    expect(signs("abcabba", "cbabac").replace(/ ./g, "")).toHaveLength(10);
  });

  it("leads from the one to the other, whatever they are", () => {
    for (let seed = 1; seed < 60; seed += 1) {
      const text = (salt: number) => Array.from({ length: (seed * salt) % 23 }, (_, at) => String((at * seed * salt) % 5));
      const [before, after] = [text(7), text(11)];
      const lines = difference(before, after);
      expect(lines.filter((each) => each.kind !== "added").map((each) => each.text)).toEqual(before);
      expect(lines.filter((each) => each.kind !== "removed").map((each) => each.text)).toEqual(after);
    }
  });

  it("gives up on texts that have nothing in common, in little time", () => {
    const many = (prefix: string) => Array.from({ length: 20_000 }, (_, at) => `${prefix}${at}`);
    expect(difference(many("a").slice(0, 1_500), many("b").slice(0, 1_500))).toHaveLength(3_000);
  });

  it("is by lines of JSON", () => {
    expect(jsonDifference({ score: 1 }, { score: 1, flag: true }).map((each) => each.kind)).toEqual(["same", "removed", "added", "added", "same"]);
  });
});
