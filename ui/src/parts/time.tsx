/** Instants in the reader's zone, with the exact one on hover, and durations. */
import { useEffect, useState } from "react";

const two = (n: number): string => String(n).padStart(2, "0");

/** Writes an instant in the reader's zone: `2026-11-23 09:00:05`. */
export function local(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return instant;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Writes an instant as short as it is clear: `09:00:05` today, `23 Nov 09:00` this year, else `23 Nov 2025`. */
export function brief(instant: string, now: number): string {
  const [at, today] = [new Date(instant), new Date(now)];
  if (Number.isNaN(at.getTime())) return instant;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === today.toDateString()) return `${clock}:${two(at.getSeconds())}`;
  return at.getFullYear() === today.getFullYear() ? `${DAY.format(at)} ${clock}` : DAY_OF_YEAR.format(at);
}

/** Writes milliseconds in the two largest units: `840 ms`, `45.2 s`, `1 min 10 s`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const at = LONG.findIndex(([size]) => seconds >= size);
  return LONG.slice(at, at + 2)
    .map(([size, unit], index) => [Math.floor((index === 0 ? seconds : seconds % (LONG[at]?.[0] ?? 1)) / size), unit] as const)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(" ");
}

const LONG: readonly (readonly [number, string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

const UNITS: [number, Intl.RelativeTimeFormatUnit][] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });

/** Writes how far an instant is from now: `in 3 hr.`, `29 min. ago`. */
export function fromNow(instant: string, now: number): string {
  const away = new Date(instant).getTime() - now;
  const [size, unit] = UNITS.find(([each]) => Math.abs(away) >= each) ?? [1_000, "second"];
  return relative.format(Math.trunc(away / size), unit);
}

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const zone = (): string => ZONE;

export function useNow(everyMs: number, running = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, running]);
  return now;
}

interface TimeProps {
  at: string;
  relative?: boolean;
  /** Without the day where it is today. */
  brief?: boolean;
}

export function Time({ at, relative: isRelative = false, brief: isBrief = false }: TimeProps) {
  const now = useNow(15_000, isRelative);
  const exact = `${at} · ${local(at)} ${ZONE}`;
  return (
    <time dateTime={at} title={exact}>
      {isRelative ? fromNow(at, now) : isBrief ? brief(at, now) : <Local text={local(at)} />}
    </time>
  );
}

/** An instant, of which a narrow place leaves out the day. */
function Local({ text }: { text: string }) {
  const [, day, clock] = /^(\S+ )(\S+)$/.exec(text) ?? [];
  if (day === undefined) return text;
  return (
    <>
      <span className="day">{day}</span>
      {clock}
    </>
  );
}

export function Duration({ from, to }: { from: string; to: string | null | undefined }) {
  const now = useNow(1_000, !to);
  const ms = (to ? new Date(to).getTime() : now) - new Date(from).getTime();
  return <span className="num">{duration(ms)}</span>;
}
