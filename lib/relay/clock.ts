/** Notices when the clock is set back. @module */

/** The wall clock and one that only goes forward, both in milliseconds. */
export interface Clocks {
  wall(): number;
  steady(): number;
}

/** Less than this is a clock being disciplined, not set. */
const LEAST_MS = 5000;

/**
 * Makes a watch. Each call answers by how many milliseconds the clock was set back since the call before; 0 when it was
 * not. A clock set ahead is no matter: what falls due early then would have done so had the clock been right before.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { watchClock } from "./clock.ts";
 *
 * let wall = 10_000_000, steady = 0;
 * const setBackBy = watchClock({ wall: () => wall, steady: () => steady });
 * wall += 1000, steady += 1000;
 * assertEquals(setBackBy(), 0);
 * wall += 1000 - 3_600_000, steady += 1000;
 * assertEquals([setBackBy(), setBackBy()], [3_600_000, 0]);
 * ```
 */
export function watchClock({ wall, steady }: Clocks): () => number {
  let before = wall() - steady();
  return () => {
    const offset = wall() - steady();
    const back = Math.round(before - offset);
    before = offset;
    return back >= LEAST_MS ? back : 0;
  };
}
