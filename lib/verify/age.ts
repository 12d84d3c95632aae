/** Whether a signed timestamp is near enough to now. @module */

/** Why a timestamp is refused. */
export type AgeReason = "bad_timestamp" | "stale_timestamp" | "future_timestamp";

/** What a timestamp looks like. */
export const UNIX_SECONDS = /^\d{1,12}$/;

/**
 * Judges a timestamp header.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { judgeAge } from "./age.ts";
 *
 * assertEquals(judgeAge("1776066000", 1776066300_000, 300), null);
 * assertEquals(judgeAge("1776066000", 1776066301_000, 300), "stale_timestamp");
 * assertEquals(judgeAge("1776066301", 1776066000_000, 300), "future_timestamp");
 * assertEquals(judgeAge("yesterday", 1776066000_000, 300), "bad_timestamp");
 * ```
 *
 * @param timestamp UNIX seconds, decimal, as sent.
 * @param now Milliseconds since 1970.
 * @param maxAgeSeconds How far it may lie from now, in both directions.
 * @returns Null when it is near enough.
 */
export function judgeAge(timestamp: string, now: number, maxAgeSeconds: number): AgeReason | null {
  if (!UNIX_SECONDS.test(timestamp)) return "bad_timestamp";
  const age = ageSeconds(timestamp, now);
  if (age > maxAgeSeconds) return "stale_timestamp";
  if (age < -maxAgeSeconds) return "future_timestamp";
  return null;
}

/** How many whole seconds `timestamp` lies before now; negative: after. Whole, since the timestamp is. */
export function ageSeconds(timestamp: string, now: number): number {
  return Math.floor(now / 1000) - Number(timestamp);
}
