/** Instants as inputs of the browser write them, in the reader's zone, and as JSON Schema does. */
const two = (n: number): string => String(n).padStart(2, "0");

/** `2026-11-28T22:00:00Z` as `2026-11-28T23:00:00` in Brussels. */
export function toLocal(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The other way round; a year that is being written may not be one yet. */
export function fromLocal(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString().replace(".000Z", "Z");
}
