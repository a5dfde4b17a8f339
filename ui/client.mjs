/** Makes the types of the API's client from its contract: src/api/schema.gen.ts. */
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const CONTRACT = new URL("../chalicelib/api/openapi.json", import.meta.url);
const MADE = new URL("./src/api/schema.gen.ts", import.meta.url);

/** JSON Schema has members beside `$ref` count, too; openapi-typescript reads them of `allOf` only. */
function joined(node) {
  if (Array.isArray(node)) return node.map(joined);
  if (typeof node !== "object" || node === null) return node;
  const { $ref, ...beside } = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, joined(value)]));
  if ($ref === undefined) return beside;
  const adds = ["properties", "oneOf", "anyOf", "required"].some((name) => typeof beside[name] === "object");
  return adds ? { allOf: [{ $ref }, { type: "object", ...beside }] } : { $ref };
}

const contract = JSON.parse(await readFile(CONTRACT, "utf8"));
await writeFile(MADE, astToString(await openapiTS(joined(contract), { alphabetize: true })));
