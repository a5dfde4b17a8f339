import { expect, it } from "vitest";
import { attributesOf, namesOf, queryOf, whereOf } from "./query";

it("asks the API for what the address says, and for nothing else", () => {
  const asked = { kind: "execution", q: "two words", state: "failed,timedOut", by: "ann", from: "24h", version: "3", where: "orderId=A=17\ntotal=>100" };
  expect(queryOf(asked, Date.parse("2026-01-31T09:00:30Z"))).toEqual({
    limit: 50,
    kind: "execution",
    q: "two words",
    state: ["failed", "timedOut"],
    startedBy: "ann",
    from: "2026-01-30T09:00:00.000Z",
    version: "3",
    "attribute.orderId": "A=17",
    "attribute.total": ">100",
  });
  expect(queryOf({ kind: "nothing", from: "2026-01-31", to: "2026-01-31", sort: "x" }, 0)).toEqual({ limit: 50, kind: "execution", from: "2026-01-31", to: "2026-01-31" });
});

it("keeps attributes as lines of an address", () => {
  expect(whereOf(attributesOf("a=1\nb==2\nc"))).toBe("a=1\nb==2\nc=");
  expect(whereOf([])).toBeUndefined();
});

it("names the attributes that rows have, each once", () => {
  expect(namesOf([{ attributes: { b: 1, a: 2 } }, { attributes: {} }, { attributes: { a: 3, c: 4 } }])).toEqual(["b", "a", "c"]);
});
