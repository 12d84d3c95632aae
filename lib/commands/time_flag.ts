/** Reads points in time from flags. @module */
import { given } from "../given.ts";
import { isoTime } from "../iso_time.ts";
import { UsageError } from "./command.ts";

const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const TIMES = "a time (2026-07-24, 2026-07-24T10:30, with Z or +02:00) or an age (90s, 30m, 2h, 7d)";

/** The help text of what {@linkcode timeOf} reads. */
export const TIME_HELP = `T is ${TIMES}`;

/**
 * Reads a flag's value as a point in time: a date, a date with a time (local unless it says otherwise), or an age.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { timeOf } from "./time_flag.ts";
 *
 * assertEquals(timeOf("--since", "2026-07-24T10:30Z", 0), Date.UTC(2026, 6, 24, 10, 30));
 * assertEquals(timeOf("--since", "2h", 10_000_000), 2_800_000);
 * ```
 *
 * @param text Undefined where the flag is not given, and so is the answer.
 * @param now Milliseconds since 1970, as is the answer.
 * @throws {UsageError} When it is neither.
 */
export function timeOf(flag: string, text: string, now: number): number;
export function timeOf(flag: string, text: string | undefined, now: number): number | undefined;
export function timeOf(flag: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * UNIT_MS[unit]!;
  // A date alone is a local day, as a person means it; the language reads it as UTC.
  const time = text.length < 10 ? null : isoTime(text.length === 10 ? `${text}T00:00` : text);
  if (time === null) throw new UsageError(`${flag} takes ${TIMES}`);
  return time;
}

/**
 * Reads `--since` and `--until`; what is not given is not in the answer.
 *
 * @param now Milliseconds since 1970, as are the answers.
 * @throws {UsageError} When one is no time, or nothing can lie between them.
 */
export function spanOf(
  { since, until }: { since?: string; until?: string },
  now: number,
): { since?: number; until?: number } {
  const span = { since: timeOf("--since", since, now), until: timeOf("--until", until, now) };
  if (span.since !== undefined && span.until !== undefined && span.since >= span.until) {
    throw new UsageError(`--since ${since} is not before --until ${until}: nothing can lie between them`);
  }
  return given(span);
}
