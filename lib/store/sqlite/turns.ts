/** Whose turn it is at a task, for a store with one relay. @module */
import type { Store } from "../contract.ts";

/** Makes the memory of turns. The only relay is here, so nobody else need know. */
export function createTurns(): Store["exclusively"] {
  /** When a task may be begun again. */
  const turns = new Map<string, number>();
  return async (task, now, ms, run) => {
    const until = turns.get(task) ?? -Infinity;
    // An end that is far off was set before the clock was set back.
    if (until === Infinity || until > now && until <= now + 2 * ms) return false;
    turns.set(task, Infinity); // while it runs
    try {
      await run();
    } finally {
      turns.set(task, now + ms);
    }
    return true;
  };
}
