/** How often a trouble that lasts is told: at once, then at growing intervals. @module */

/** Says when. Times in milliseconds since 1970. */
export interface Pacing {
  /** Whether it may be told at `now`; if so, it counts as told. */
  may(now: number): boolean;
  /** Whether {@linkcode may} would say yes. */
  ready(now: number): boolean;
}

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const PACE = { firstMs: 15 * MINUTE, mostMs: 4 * HOUR, calmMs: 24 * HOUR };

/**
 * Makes a pacing. The interval doubles from `firstMs` up to `mostMs`, whether or not the trouble went away in between,
 * so that one that comes and goes is told no more often; after `calmMs` without telling it begins anew.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createPacing } from "./pacing.ts";
 *
 * const pacing = createPacing({ firstMs: 10, mostMs: 20, calmMs: 1000 });
 * assertEquals([0, 9, 10, 29, 30, 49, 50].map(pacing.may), [true, false, true, false, true, false, true]);
 * ```
 */
export function createPacing({ firstMs, mostMs, calmMs } = PACE): Pacing {
  let last = -Infinity;
  let interval = 0;
  // A clock that was set back must not silence it.
  const ready = (now: number) => now - last >= interval || last - now > interval;
  return {
    ready,
    may(now) {
      if (!ready(now)) return false;
      interval = now - last >= calmMs ? firstMs : Math.min(mostMs, interval * 2);
      last = now;
      return true;
    },
  };
}
