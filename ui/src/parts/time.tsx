/** Instants in the reader's zone, with the exact one on hover, and durations. */
import { useEffect, useState } from "react";

const two = (n: number): string => String(n).padStart(2, "0");

/** Writes an instant in the reader's zone: `2026-11-23 09:00:05`. */
export function local(instant: string): string {
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return instant;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Writes milliseconds: `840 ms`, `12.4 s`, `00:29:47`, `3 d 04:10:00`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  const days = Math.floor(seconds / 86_400);
  const clock = `${two(Math.floor(seconds / 3_600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${days} d ${clock}` : clock;
}

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

export function Time({ at, relative: isRelative = false }: { at: string; relative?: boolean }) {
  const now = useNow(15_000, isRelative);
  const exact = `${at} · ${local(at)} ${ZONE}`;
  return (
    <time dateTime={at} title={exact}>
      {isRelative ? fromNow(at, now) : <Local text={local(at)} />}
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
