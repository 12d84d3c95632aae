/** When a route's deliveries fall due: at once, at the end of a digest's window, or after quiet hours. @module */

/** Gathers deliveries: those of a window go out together at its end. */
export type Digest = { everyMs: number } | { dailyAt: TimeOfDay };

/** A time of day as config.json writes it: `HH:MM`. */
export type TimeOfDay = string;

/** Hours in which nothing goes out; `to` may lie on the next day. */
export interface QuietHours {
  from: TimeOfDay;
  to: TimeOfDay;
}

/** When a route's deliveries are made. */
export interface Schedule {
  digest: Digest | null;
  quietHours: QuietHours | null;
  /** IANA name of the zone that times of day are in. */
  timeZone: string;
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000 };

/** Reads `"15m"`, `"2h"` or `"daily 08:00"`; config's schema has checked the form. */
export function parseDigest(text: string): Digest {
  const [, count, unit] = /^(\d+)([mh])$/.exec(text) ?? [];
  if (count && unit) return { everyMs: Number(count) * UNIT_MS[unit]! };
  return { dailyAt: text.slice("daily ".length) };
}

/**
 * When something received at `now` falls due.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dueAt } from "./schedule.ts";
 *
 * const schedule = { digest: { everyMs: 900_000 }, quietHours: null, timeZone: "UTC" };
 * assertEquals(dueAt(schedule, Date.parse("2026-01-01T10:07:00Z"), false), Date.parse("2026-01-01T10:15:00Z"));
 * ```
 *
 * @param now Milliseconds since 1970.
 * @param breaksQuiet Whether quiet hours do not hold for it.
 */
export function dueAt({ digest, quietHours, timeZone }: Schedule, now: number, breaksQuiet: boolean): number {
  const gathered = digest === null ? now : windowEnd(digest, timeZone, now);
  return quietHours === null || breaksQuiet ? gathered : quietEnd(quietHours, timeZone, gathered);
}

function windowEnd(digest: Digest, timeZone: string, now: number): number {
  if ("everyMs" in digest) return (Math.floor(now / digest.everyMs) + 1) * digest.everyMs;
  return nextTime(digest.dailyAt, timeZone, now);
}

/** `time` itself outside of quiet hours, otherwise their end. */
function quietEnd({ from, to }: QuietHours, timeZone: string, time: number): number {
  const clock = zoned(time, timeZone).toPlainTime();
  const begin = Temporal.PlainTime.from(from), end = Temporal.PlainTime.from(to);
  const past = (mark: Temporal.PlainTime) => Temporal.PlainTime.compare(clock, mark) >= 0;
  const overnight = Temporal.PlainTime.compare(begin, end) > 0;
  const quiet = overnight ? past(begin) || !past(end) : past(begin) && !past(end);
  return quiet ? nextTime(to, timeZone, time) : time;
}

/** The next moment after `after` at which clocks in the zone show `time`; where they skip it, the moment they skip to. */
function nextTime(time: TimeOfDay, timeZone: string, after: number): number {
  const here = zoned(after, timeZone);
  const today = here.withPlainTime(time);
  const next = Temporal.ZonedDateTime.compare(today, here) > 0
    ? today
    : here.add({ days: 1 }).withPlainTime(time);
  return next.epochMilliseconds;
}

function zoned(time: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
}
