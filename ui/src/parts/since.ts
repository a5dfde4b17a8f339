/** Spans that end now, as filters have them: `24h` stays true when an address is opened tomorrow. */
const SPANS: Readonly<Record<string, number>> = { "15m": 900_000, "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000 };

/** Makes an instant of a span; rounded to a minute, so that a poll asks for the same. Other texts stay. */
export function instantOf(since: string, now: number): string {
  const span = SPANS[since];
  return span === undefined ? since : new Date(Math.floor((now - span) / 60_000) * 60_000).toISOString();
}

export const spans = Object.keys(SPANS);
