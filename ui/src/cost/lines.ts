/** Sums of costs as lines of a table: the dearest first, days the newest first. */

export type Grouping = "definition" | "day" | "state" | "step" | "error";

export interface Line {
  name: string;
  executions: number;
  dollars: number;
}

export function linesOf(by: Grouping, counts: Readonly<Record<string, number>>, dollars: Readonly<Record<string, number>>): Line[] {
  const names = [...new Set([...Object.keys(counts), ...Object.keys(dollars)])];
  const lines = names.map((name): Line => ({ name, executions: counts[name] ?? 0, dollars: dollars[name] ?? 0 }));
  return lines.sort((one, other) => (by === "day" ? other.name.localeCompare(one.name) : other.dollars - one.dollars));
}
