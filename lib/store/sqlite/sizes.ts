/** How much of a store is kept in memory, and how large a store counts as large. @module */

/** Bounds of memory and of pauses. Tests give small ones, so that a small store does all that a large one does. */
export interface Sizes {
  /**
   * Most events whose ids are in memory only. Each takes four to eight slots of 16 bytes; the more there are, the more
   * of them share a page when they are moved to the disk.
   */
  recentIds: number;
  /** Events that are summed up in one block. */
  blockEvents: number;
  /** Up to so many events, a listing is quicker than asking the other thread for it. */
  smallStore: number;
}

export const SIZES: Readonly<Sizes> = { recentIds: 2 ** 18 - 2 ** 12, blockEvents: 4096, smallStore: 10_000 };
