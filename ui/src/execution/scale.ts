/** The scale of a timeline: as long as the time is, but for gaps in which nothing changes, which are cut. */

export interface Scale {
  /** Where an instant stands, from 0 to 1. */
  at: (ms: number) => number;
  /** Where time was cut, and how much of it. */
  cuts: { at: number; ms: number }[];
}

/** A gap is cut to this share of all that is shown. */
const SHARE = 0.12;
/** A gap is cut that is so many times as long as a usual one. */
const TIMES = 8;

export function scaleOf(instants: number[]): Scale {
  const marks = [...new Set(instants)].sort((a, b) => a - b);
  const gaps = marks.slice(1).map((mark, index) => mark - (marks[index] ?? mark));
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  const isCut = gaps.map((gap) => gaps.length > 2 && gap > Math.max(1, usual) * TIMES && gap > 1_000);
  const kept = gaps.reduce((sum, gap, index) => sum + (isCut[index] ? 0 : gap), 0);
  const cutCount = isCut.filter(Boolean).length;
  const share = cutCount === 0 ? 0 : kept === 0 ? 1 / cutCount : Math.min(SHARE, 0.6 / cutCount);
  const unit = kept === 0 ? 0 : (1 - share * cutCount) / kept;
  const places = [0];
  gaps.forEach((gap, index) => places.push((places[index] ?? 0) + (isCut[index] ? share : gap * unit)));
  const cuts = gaps.flatMap((ms, index) => (isCut[index] ? [{ at: ((places[index] ?? 0) + (places[index + 1] ?? 0)) / 2, ms }] : []));
  return { at: (ms) => place(ms, marks, places), cuts };
}

function place(ms: number, marks: number[], places: number[]): number {
  let low = 0;
  let high = marks.length - 1;
  if (high < 0 || ms <= (marks[0] ?? 0)) return 0;
  if (ms >= (marks[high] ?? 0)) return high === 0 ? 0 : 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((marks[middle] ?? 0) <= ms) low = middle;
    else high = middle;
  }
  const from = marks[low] ?? 0;
  const to = marks[high] ?? from;
  const share = to === from ? 0 : (ms - from) / (to - from);
  return (places[low] ?? 0) + share * ((places[high] ?? 0) - (places[low] ?? 0));
}
