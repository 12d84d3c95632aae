/** How many events a commit waits for. @module */

/** Fewer are not waited for: whoever is alone, or nearly, is answered at once. */
const FEWEST = 8;
/** More gain little: what a commit costs by itself is spread over enough. */
const MOST = 64;
/** So much more than came is tried. */
const MORE = 1.25;
/** Commits between two tries, at first; after one that was in vain twice as many, up to the second. */
const TRY_AFTER = 64, TRY_AFTER_AT_MOST = 1024;
/** Commits after which those are tried again that were expected and did not come: they may only have been late. */
const TRY_AGAIN_AFTER = 4;

/** Learns from the sizes of commits. */
export interface Patience {
  /** So many are worth a wait; 1: none is. */
  readonly wanted: number;
  /** Tells how many a commit has: fewer than were wanted where the others did not come in time. */
  began(events: number): void;
}

/**
 * Makes one, which waits for nobody yet.
 *
 * Senders that wait for their answer before they send again all come back after a commit, and the whole crowd in one is
 * cheaper than in two. How many they are nobody tells; so now and then a few more are wanted than came.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createPatience } from "./patience.ts";
 *
 * const patience = createPatience();
 * patience.began(3);
 * assertEquals(patience.wanted, 1);
 * patience.began(20);
 * assertEquals(patience.wanted, 25);
 * patience.began(24); // in vain
 * assertEquals(patience.wanted, 24);
 * ```
 */
export function createPatience(): Patience {
  let wanted = 1;
  let trying = false;
  let left = 0, tryAfter = TRY_AFTER;

  function tryMore(events: number) {
    wanted = Math.min(Math.ceil(events * MORE), MOST);
    trying = true;
  }

  return {
    get wanted() {
      return wanted;
    },
    began(events) {
      if (events < wanted) {
        if (trying) tryAfter = Math.min(tryAfter * 2, TRY_AFTER_AT_MOST);
        left = trying ? tryAfter : TRY_AGAIN_AFTER;
        wanted = events < FEWEST ? 1 : events;
        trying = false;
      } else if (events > wanted) {
        if (events < FEWEST) return;
        tryAfter = TRY_AFTER;
        tryMore(events);
      } else if (events >= FEWEST && left-- <= 0) {
        if (trying) tryAfter = TRY_AFTER;
        tryMore(events);
      }
    },
  };
}
