/** How much of a store is kept in memory, and how large a store counts as large. @module */

/** Bounds of memory and of pauses. Tests give small ones, so that a small store does all that a large one does. */
export interface Sizes {
  /** Most events whose ids, and whose coins, are in memory only. An id takes 16 bytes in each of up to eight slots. */
  recentKeys: number;
  /** Events that are summed up in one block. */
  blockEvents: number;
  /** Up to so many events, a listing is quicker than asking the other thread for it. */
  smallStore: number;
}

export const SIZES: Readonly<Sizes> = { recentKeys: 2 ** 17, blockEvents: 4096, smallStore: 10_000 };
