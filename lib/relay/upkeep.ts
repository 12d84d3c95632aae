/** What the relay does by itself from time to time. @module */
import { watchClock } from "./clock.ts";
import type { Config } from "../config/schema.ts";
import { logOf } from "../log.ts";
import { messageOf } from "../message_of.ts";
import type { Store } from "../store/contract.ts";
import { pruneAll, retentionLimits } from "./retention.ts";
import { watchStandstill } from "./standstill.ts";

/** What upkeep needs from its surroundings. */
export interface UpkeepParts {
  store: Pick<Store, "prune" | "rewind" | "exclusively">;
  config(): Pick<Config, "retention" | "sources">;
  /** Milliseconds since 1970. */
  now(): number;
}

const CLOCK_EVERY_MS = 1000;
const PRUNE_EVERY_MS = 10 * 60 * 1000;
/** Of relays that share a store one prunes: another not before this long after. A little less, as timers are not exact. */
const PRUNE_TURN_MS = PRUNE_EVERY_MS - 10_000;
/** Between two steps of pruning, so that acks come first. */
const PRUNE_PAUSE_MS = 50;

/**
 * Begins; until stopped, old events are deleted every now and then, what waits follows a clock that is set back, and a
 * standstill is told of.
 */
export function startUpkeep({ store, config, now }: UpkeepParts): { stop(): void } {
  const log = logOf("upkeep");
  const ending = new AbortController();
  const pause = () => new Promise<void>((wake) => setTimeout(wake, PRUNE_PAUSE_MS));

  const pruning = setInterval(async () => {
    try {
      await store.exclusively("retention", now(), PRUNE_TURN_MS, async () => {
        const count = await pruneAll(store, retentionLimits(config(), now()), ending.signal, pause);
        if (count > 0) log.info(`deleted ${count} events older than ${config().retention.days} days`);
      });
    } catch (error) {
      log.warn(`cannot delete old events, trying again later: ${messageOf(error)}`);
    }
  }, PRUNE_EVERY_MS);

  const steady = () => performance.now();
  const stoodStillFor = watchStandstill(CLOCK_EVERY_MS, steady);
  const setBackBy = watchClock({ wall: now, steady });
  const watching = setInterval(async () => {
    const stillMs = stoodStillFor();
    if (stillMs > 0) {
      log.error(
        `the relay stood still for ${
          (stillMs / 1000).toFixed(1)
        } s and answered nobody: its disk did not answer, or the machine had no time for it`,
      );
    }
    const byMs = setBackBy();
    if (byMs === 0) return;
    log.warn(
      `the clock was set back by ${Math.round(byMs / 1000)} s; what waits falls due that much earlier`,
    );
    try {
      await store.rewind?.(now(), byMs);
    } catch (error) {
      log.warn(`cannot move what waits: ${messageOf(error)}`);
    }
  }, CLOCK_EVERY_MS);

  return {
    stop() {
      ending.abort();
      clearInterval(watching);
      clearInterval(pruning);
    },
  };
}
