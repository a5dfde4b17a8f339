/** The difference of two texts, by lines (Myers, "An O(ND) difference algorithm", 1986). */
export interface Line {
  kind: "same" | "added" | "removed";
  text: string;
}

/** Beyond so many differing lines all is shown as removed and added: it is read by nobody, and costs the square. */
const MOST = 2_000;

export function difference(before: string[], after: string[]): Line[] {
  const trace: Map<number, number>[] = [];
  const ends = new Map<number, number>([[1, 0]]);
  const most = Math.min(MOST, before.length + after.length);
  for (let d = 0; d <= most; d += 1) {
    trace.push(new Map(ends));
    for (let k = -d; k <= d; k += 2) {
      const isDown = k === -d || (k !== d && (ends.get(k - 1) ?? -1) < (ends.get(k + 1) ?? -1));
      let x = isDown ? (ends.get(k + 1) ?? 0) : (ends.get(k - 1) ?? 0) + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x += 1;
      ends.set(k, x);
      if (x >= before.length && x - k >= after.length) return back(before, after, trace, d);
    }
  }
  return [...before.map((text): Line => ({ kind: "removed", text })), ...after.map((text): Line => ({ kind: "added", text }))];
}

/** Follows the way back from the ends of both texts. */
function back(before: string[], after: string[], trace: Map<number, number>[], distance: number): Line[] {
  const lines: Line[] = [];
  let x = before.length;
  let y = after.length;
  for (let d = distance; d >= 0; d -= 1) {
    const ends = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const isDown = k === -d || (k !== d && (ends.get(k - 1) ?? -1) < (ends.get(k + 1) ?? -1));
    const from = isDown ? k + 1 : k - 1;
    const startX = d === 0 ? 0 : (ends.get(from) ?? 0);
    const startY = d === 0 ? 0 : startX - from;
    while (x > startX && y > startY) {
      x -= 1;
      y -= 1;
      lines.push({ kind: "same", text: before[x] ?? "" });
    }
    if (d === 0) break;
    if (isDown) {
      y -= 1;
      lines.push({ kind: "added", text: after[y] ?? "" });
    } else {
      x -= 1;
      lines.push({ kind: "removed", text: before[x] ?? "" });
    }
  }
  return lines.reverse();
}

export const jsonDifference = (before: unknown, after: unknown): Line[] =>
  difference(JSON.stringify(before, null, 2).split("\n"), JSON.stringify(after, null, 2).split("\n"));
