/** Notices that the thread which answers stood still. @module */

/** What is shorter is no news: a garbage collection, a busy machine. */
const LEAST_MS = 2000;

/**
 * Makes a watch that is to be called every `everyMs` milliseconds. Each call answers for how many milliseconds it is late;
 * 0 when that is little. Who waits for a disk that does not answer can tell of it only afterwards.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { watchStandstill } from "./standstill.ts";
 *
 * let now = 0;
 * const stoodStillFor = watchStandstill(1000, () => now);
 * now += 1100;
 * assertEquals(stoodStillFor(), 0);
 * now += 6000;
 * assertEquals(stoodStillFor(), 5000);
 * ```
 *
 * @param steady A clock that only goes forward, in milliseconds.
 */
export function watchStandstill(everyMs: number, steady: () => number): () => number {
  let before = steady();
  return () => {
    const late = steady() - before - everyMs;
    before = steady();
    return late >= LEAST_MS ? late : 0;
  };
}
