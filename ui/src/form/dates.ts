/** Instants as inputs of the browser write them, in the reader's zone, and as JSON Schema does. */
const two = (n: number): string => String(n).padStart(2, "0");

/** `2026-11-28T22:00:00Z` as `2026-11-28T23:00:00` in Brussels. */
export function toLocal(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `09:00:00+02:00`, a time of JSON Schema, as `07:00:00`: in UTC, as the form writes it. */
export function timeInUtc(time: string): string {
  const at = new Date(`1970-01-01T${time}`);
  return /(z|[+-]\d\d:\d\d)$/i.test(time) && !Number.isNaN(at.getTime()) ? at.toISOString().slice(11, 19) : time.slice(0, 8);
}

/** The other way round; a year that is being written may not be one yet. */
export function fromLocal(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString().replace(".000Z", "Z");
}
