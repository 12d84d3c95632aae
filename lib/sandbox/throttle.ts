/** Keeps a plugin from flooding the relay. A pure policy: the time is passed in. @module */

/** Lets so many through at once, and so many a second from then on. */
export interface Throttle {
  /** Takes one; false when there is none left. `now` in milliseconds. */
  take(now: number): boolean;
}

/**
 * Makes a throttle.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const throttle = createThrottle(10, 2);
 * assertEquals([throttle.take(0), throttle.take(0), throttle.take(0)], [true, true, false]);
 * assertEquals([throttle.take(100), throttle.take(100)], [true, false]);
 * ```
 */
export function createThrottle(perSecond: number, burst: number): Throttle {
  let left = burst;
  let at = -Infinity;
  return {
    take(now) {
      left = Math.min(burst, left + Math.max(0, now - at) * perSecond / 1000);
      at = now;
      if (left < 1) return false;
      left--;
      return true;
    },
  };
}
