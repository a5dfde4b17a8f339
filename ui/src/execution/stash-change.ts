/** What a redrive has to say of an edited stash: only the names that differ, and null for those that are gone. */
import type { Json, JsonObject } from "~/api/types";

export function changes(before: JsonObject, after: JsonObject): JsonObject {
  const found: JsonObject = {};
  for (const [name, value] of Object.entries(after)) {
    if (JSON.stringify(before[name]) !== JSON.stringify(value)) found[name] = value;
  }
  for (const name of Object.keys(before)) if (!(name in after)) found[name] = null;
  return found;
}

/** Reads an object from text, or says why it is none. */
export function parsed(text: string): { value?: JsonObject; error?: string } {
  try {
    const value = JSON.parse(text) as Json;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? { value } : { error: "an object is asked for" };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
