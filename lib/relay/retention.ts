/** Forgets what is older than the config wants kept, in steps so small that no ack waits for them. @module */
import type { Config } from "../config/schema.ts";
import type { Store } from "../store/contract.ts";

const DAY_MS = 24 * 3600 * 1000;
/** The provider sends an event again within 24 hours; twice that is safe. */
const PROVIDER_RETRIES_MS = 2 * DAY_MS;
/** Events deleted in one transaction. */
const PRUNE_STEP = 200;

/** Until when events and ids are kept. */
export interface RetentionLimits {
  /** Events received before may be deleted. */
  olderThan: number;
  /** Ids of deleted events received before may be forgotten: never below the longest age accepted plus 48 hours. */
  forgetIdsBefore: number;
}

/** What a config's retention means at `now` (milliseconds since 1970). */
export function retentionLimits(config: Pick<Config, "retention" | "sources">, now: number): RetentionLimits {
  const longestAge = Math.max(...config.sources.map((source) => source.maxAgeSeconds * 1000));
  return {
    olderThan: now - config.retention.days * DAY_MS,
    forgetIdsBefore: now - Math.max(config.retention.days * DAY_MS, longestAge + PROVIDER_RETRIES_MS),
  };
}

/** Prunes step by step until nothing old is left or `signal` aborts; pauses between steps. Answers how many events. */
export async function pruneAll(
  store: Pick<Store, "prune">,
  limits: RetentionLimits,
  signal: AbortSignal,
  pause: () => Promise<void>,
): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const deleted = await store.prune(limits.olderThan, limits.forgetIdsBefore, PRUNE_STEP);
    total += deleted;
    if (deleted < PRUNE_STEP) break;
    await pause();
  }
  return total;
}
