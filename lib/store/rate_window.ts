/** Counts a route's claims in a sliding window. Pure, so that every engine can keep the counts in its own way. @module */
import type { Rate } from "./contract.ts";

/**
 * Claims by the time they were made, oldest first: `[milliseconds since 1970, how many]`. The first may be of none: what
 * was claimed then or before is no longer kept.
 */
export type RateWindow = readonly (readonly [at: number, count: number])[];

/** Times are rounded up to this part of the window, so that a window holds few entries whatever its count. */
const GRAINS = 50;

const grainOf = (rate: Rate) => Math.max(1, Math.ceil(rate.perMs / GRAINS));
const current = (window: RateWindow, rate: Rate, now: number) =>
  window.filter(([at]) => at + rate.perMs > now);

/**
 * The window as it is to be read at `now`: claims from the future (the clock was set back) count as made now. To be
 * kept when it is not the one given, or those claims would count until the clock has caught up.
 */
export function readAt(window: RateWindow, rate: Rate, now: number): RateWindow {
  const latest = now + grainOf(rate);
  if (window.every(([at]) => at <= latest)) return window;
  return window.map(([at, count]) => [Math.min(at, latest), count]);
}

/**
 * How many claims the rate allows at `now`, and when it allows the next.
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
  let used = live.reduce((sum, [, count]) => sum + count, 0);
  if (used < rate.count) return { free: rate.count - used, nextAt: now };
  for (const [at, count] of live) {
    used -= count;
    if (used < rate.count) return { free: 0, nextAt: at + rate.perMs };
  }
  return { free: 0, nextAt: now + rate.perMs }; // a rate of none
}

/** The window after `claims` more were made at `now`. */
export function spend(window: RateWindow, rate: Rate, now: number, claims: number): RateWindow {
  const past = window.findLast(([at]) => at + rate.perMs <= now);
  const live: RateWindow = [...past ? [[past[0], 0] as const] : [], ...current(window, rate, now)];
  if (claims === 0) return live;
  const grain = grainOf(rate);
  const at = Math.ceil(now / grain) * grain; // up: a claim never counts for shorter than it should
  const last = live.at(-1);
  if (last && last[0] >= at) return [...live.slice(0, -1), [last[0], last[1] + claims]];
  return [...live, [at, claims]];
}

/**
 * The window without a claim that was made at `claimedAt` and came to nothing; the same where that is no longer kept.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { refund, spend } from "./rate_window.ts";
 *
 * const rate = { count: 2, perMs: 1000 };
 * const window = spend(spend([], rate, 5000, 1), rate, 5500, 1);
 * assertEquals(refund(window, 5000), [[5500, 1]]);
 * assertEquals(refund(window, 7000), window);
 * ```
 */
export function refund(window: RateWindow, claimedAt: number): RateWindow {
  const index = window.findIndex(([at]) => at >= claimedAt); // times are rounded up
  return window.flatMap(([at, count], nth) =>
    nth !== index || count === 0 ? [[at, count]] : count > 1 ? [[at, count - 1]] : []
  );
}
