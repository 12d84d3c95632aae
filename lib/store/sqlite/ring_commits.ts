/** Commits the events that come through a ring: all that lie in it, with each commit. @module */
import { setImmediate } from "node:timers";
import { type Failure, failureOf } from "../../line.ts";
import type { Appended, NewEvent } from "../contract.ts";
import { together } from "../together.ts";
import type { EventRing } from "./event_ring.ts";
import { packAppended, type PackedAppended } from "./packed.ts";

/** What became of a group of events. */
export type GroupResult = PackedAppended | { failure: Failure };

/** Most events of one commit. */
const MOST_EVENTS = 512;
/**
 * So many milliseconds the thread waits for more before it sleeps: to be woken by a message takes it longer than a
 * commit. Whatever else it is asked ends the wait.
 */
const WAIT_MS = 1;

/**
 * Makes what commits, until the ring is empty; to be called whenever it is to wake.
 *
 * @param tell Gets what became of groups, in the order in which they were written.
 */
export function ringCommits(
  ring: EventRing,
  append: (events: readonly NewEvent[]) => Promise<Appended[]>,
  tell: (results: GroupResult[]) => void,
): () => void {
  let running = false;

  async function commit(groups: readonly NewEvent[][]): Promise<GroupResult[]> {
    const results = await together(groups, async (some) => {
      const appended = packAppended(await append(some.flat()));
      let at = 0;
      return some.map(({ length }) => appended.slice(at, at += length));
    });
    return results.map((one) => one.status === "fulfilled" ? one.value : { failure: failureOf(one.reason) });
  }

  async function run(): Promise<void> {
    do {
      for (
        let groups = ring.read(MOST_EVENTS);
        groups.length > 0;
        groups = ring.readWithin(WAIT_MS, MOST_EVENTS)
      ) {
        tell(await commit(groups));
        await new Promise<void>((resolve) => setImmediate(resolve)); // whatever else was asked has its turn
      }
    } while (!ring.sleeps());
    running = false;
  }

  return () => {
    if (running) return;
    running = true;
    void run();
  };
}
