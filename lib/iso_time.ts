/** Reads points in time as ISO 8601 writes them. @module */

const ISO = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/**
 * A year, a month, a day (each by UTC) or a time (local unless it says otherwise), in milliseconds since 1970; null for
 * anything else, and for a day that no calendar has.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isoTime } from "./iso_time.ts";
 *
 * assertEquals(isoTime("2024-02-29T12:00+02:00"), Date.UTC(2024, 1, 29, 10));
 * assertEquals(isoTime("2024-02-30"), null);
 * ```
 */
export function isoTime(text: string): number | null {
  if (!ISO.test(text)) return null;
  // To the language the 30th of February is the 2nd of March.
  const day = text.slice(0, 10);
  const time = Date.parse(text);
  if (Number.isNaN(time) || !new Date(Date.parse(day)).toISOString().startsWith(day)) return null;
  return time;
}
