/** What executions of a time have cost, estimated: how many there are, times the mean of those that were looked at. */

export interface Sample {
  definition: string;
  id: string;
  dollars: number;
}

export interface Line {
  name: string;
  executions: number;
  looked: number;
  /** Null: none was looked at, or could be. */
  mean: number | null;
  total: number | null;
  dearest: Sample | null;
}

/** A line for each definition, by what its executions cost together; those without a sample come last. */
export function byDefinition(counts: Readonly<Record<string, number>>, samples: readonly Sample[]): Line[] {
  const lines = Object.entries(counts).map(([name, executions]): Line => {
    const own = samples.filter((each) => each.definition === name);
    const mean = own.length === 0 ? null : own.reduce((sum, each) => sum + each.dollars, 0) / own.length;
    const dearest = own.reduce<Sample | null>((most, each) => (most === null || each.dollars > most.dollars ? each : most), null);
    return { name, executions, looked: own.length, mean, total: mean === null ? null : mean * executions, dearest };
  });
  return lines.sort((one, other) => (other.total ?? -1) - (one.total ?? -1) || other.executions - one.executions);
}

/** What the executions of a day cost: each at the mean of its definition. Null: the mean of one of them is not known. */
export function ofDay(counts: Readonly<Record<string, number>>, lines: readonly Line[]): number | null {
  const means = new Map(lines.map((line) => [line.name, line.mean]));
  let sum = 0;
  for (const [name, executions] of Object.entries(counts)) {
    const mean = means.get(name) ?? null;
    if (mean === null) return null;
    sum += mean * executions;
  }
  return sum;
}
