/** Limits how often someone may fail. @module */

/** Counts failures by who failed. */
export interface Limiter {
  /** Seconds until `who` may try again; 0: now. */
  blockedFor(who: string, now: number): number;
  fail(who: string, now: number): void;
  succeed(who: string): void;
}

/** So many who failed are told apart; beyond that the oldest are forgotten. */
const REMEMBERED = 10_000;

/**
 * Makes a limiter: after `allowed` failures within `windowMs`, none of `who`'s tries counts until the window is over.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createLimiter } from "./limiter.ts";
 *
 * const limiter = createLimiter(2, 60_000);
 * limiter.fail("10.0.0.1", 0);
 * assertEquals(limiter.blockedFor("10.0.0.1", 1000), 0);
 * limiter.fail("10.0.0.1", 1000);
 * assertEquals(limiter.blockedFor("10.0.0.1", 1000), 59);
 * assertEquals(limiter.blockedFor("10.0.0.1", 60_000), 0);
 * ```
 */
export function createLimiter(allowed: number, windowMs: number): Limiter {
  const failures = new Map<string, { since: number; count: number }>();
  return {
    blockedFor(who, now) {
      const known = failures.get(who);
      if (known === undefined || known.count < allowed) return 0;
      return Math.max(0, Math.ceil((known.since + windowMs - now) / 1000));
    },
    fail(who, now) {
      const known = failures.get(who);
      if (known !== undefined && now < known.since + windowMs) {
        known.count++;
        return;
      }
      failures.delete(who);
      failures.set(who, { since: now, count: 1 });
      if (failures.size > REMEMBERED) failures.delete(failures.keys().next().value!);
    },
    succeed(who) {
      failures.delete(who);
    },
  };
}
