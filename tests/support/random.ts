/** Random choices that can be had again: the same seed makes the same. @module */

/** A seeded source of choices. */
export type Random = ReturnType<typeof createRandom>;

/** Makes a source (mulberry32). */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  /** Between 0 and 1. */
  function next(): number {
    state = state + 0x6d2b79f5 >>> 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  }
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    /** A whole number from 0 up to, not including, `limit`. */
    below,
    chance: (probability: number) => next() < probability,
    pick: <T>(from: readonly T[]): T => from[below(from.length)]!,
    bytes: (length: number) => Uint8Array.from({ length }, () => below(256)),
  };
}
