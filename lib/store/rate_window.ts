/** Counts a route's claims in a sliding window. Pure, so that every engine can keep the counts in its own way. @module */

/** At most `count` in any stretch of `perMs` milliseconds. */
export interface Rate {
  count: number;
  perMs: number;
}

/** Claims by the time they were made, oldest first: `[milliseconds since 1970, how many]`. */
export type RateWindow = readonly (readonly [at: number, count: number])[];

/** Times are rounded up to this part of the window, so that a window holds few entries whatever its count. */
const GRAINS = 50;

/** Claims that still count at `now`. Claims from the future (the clock was set back) count as made now. */
function current(window: RateWindow, rate: Rate, now: number): RateWindow {
  const grain = Math.max(1, Math.ceil(rate.perMs / GRAINS));
  return window
    .map(([at, count]) => [Math.min(at, now + grain), count] as const)
    .filter(([at]) => at + rate.perMs > now);
}

/**
 * How many claims the rate allows at `now`, and, when that is none, when it allows the next.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { allowance, spend } from "./rate_window.ts";
 *
 * const rate = { count: 2, perMs: 1000 };
 * const window = spend([], rate, 5000, 2);
 * assertEquals(allowance(window, rate, 5000), { free: 0, nextAt: 6000 });
 * assertEquals(allowance(window, rate, 6000), { free: 2, nextAt: 6000 });
 * ```
 */
export function allowance(window: RateWindow, rate: Rate, now: number): { free: number; nextAt: number } {
  const live = current(window, rate, now);
  const free = Math.max(0, rate.count - live.reduce((sum, [, count]) => sum + count, 0));
  if (free > 0) return { free, nextAt: now };
  let excess = live.reduce((sum, [, count]) => sum + count, 0) - rate.count;
  for (const [at, count] of live) {
    excess -= count;
    if (excess < 0) return { free, nextAt: at + rate.perMs };
  }
  return { free, nextAt: now + rate.perMs };
}

/** The window after `claims` more were made at `now`. */
export function spend(window: RateWindow, rate: Rate, now: number, claims: number): RateWindow {
  const live = current(window, rate, now);
  if (claims === 0) return live;
  const grain = Math.max(1, Math.ceil(rate.perMs / GRAINS));
  const at = Math.ceil(now / grain) * grain; // up: a claim never counts for shorter than it should
  const last = live.at(-1);
  if (last && last[0] >= at) return [...live.slice(0, -1), [last[0], last[1] + claims]];
  return [...live, [at, claims]];
}
