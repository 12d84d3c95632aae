/**
 * What `/metrics` counts as it happens: plain numbers, so that a receipt costs well under a microsecond. They are put into
 * Prometheus's words only when somebody asks, elsewhere.
 *
 * Keys are names from the config and closed lists only, so their number is bounded.
 *
 * @module
 */
import type { AttemptReport } from "../dispatch/dispatcher.ts";
import type { Receipt, RefusedBecause } from "../receive/receiver.ts";

/** Values in buckets. */
export interface Histogram {
  /** How many values were at most as large as the bound of that index, and larger than the one before; at last: larger than all. */
  buckets: Float64Array;
  sum: number;
}

/** What one source received. */
export interface SourceCounts {
  /** By `result`, and for the rejected by `rejected REASON`. */
  received: Map<Received, number>;
  notUnderstood: number;
  /** How many accepted events the provider charges for: all that are no tests. */
  charged: number;
  /** In seconds, by {@linkcode ACK_SECONDS}; without those whose body did not come to its end in time. */
  ack: Histogram;
}

/** A result, with its reason if it has one. */
export type Received = Receipt["result"] | `rejected ${RefusedBecause}`;

/** What one route's deliveries came to. */
export interface RouteCounts {
  /** Ended deliveries by state. */
  ended: Map<"done" | "dead", number>;
  /** Attempts by outcome. */
  attempts: Map<string, number>;
  /** In seconds, by {@linkcode ATTEMPT_SECONDS}. */
  duration: Histogram;
}

/** All that was counted. */
export interface Counted {
  sources: ReadonlyMap<string, SourceCounts>;
  routes: ReadonlyMap<string, RouteCounts>;
  /** Events of a commit, by {@linkcode BATCH_EVENTS}. */
  batch: Histogram;
  /** In seconds, by {@linkcode COMMIT_SECONDS}. */
  commit: Histogram;
  /** Bytes that the relay's process, and its main thread's heap, have. */
  memory: Pick<Deno.MemoryUsage, "rss" | "heapTotal" | "heapUsed" | "external">;
}

/** Counts what happens. */
export interface Counts {
  receipt(receipt: Pick<Receipt, "source" | "result" | "reason" | "notUnderstood" | "test" | "tookMs">): void;
  attempt(report: Pick<AttemptReport, "job" | "settlement">): void;
  /** One commit of received events. */
  commit(events: number, tookMs: number): void;
  read(): Counted;
}

/** API credits that the provider charges for a delivered event, unless the config says otherwise. Retries and tests are free. */
export const CREDITS_PER_EVENT = 10;

/** Upper bounds of buckets. */
export const ACK_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
export const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
export const BATCH_EVENTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
export const ATTEMPT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Makes all counts at nought. */
export function createCounts(): Counts {
  const sources = new Map<string, SourceCounts>();
  const routes = new Map<string, RouteCounts>();
  const batch = histogram(BATCH_EVENTS);
  const commit = histogram(COMMIT_SECONDS);

  const newSource = (): SourceCounts => (
    { received: new Map(), notUnderstood: 0, charged: 0, ack: histogram(ACK_SECONDS) }
  );
  const newRoute = (): RouteCounts => (
    { ended: new Map(), attempts: new Map(), duration: histogram(ATTEMPT_SECONDS) }
  );

  return {
    receipt({ source, result, reason, notUnderstood, test, tookMs }) {
      const counts = sources.getOrInsertComputed(source, newSource);
      add(counts.received, reason === null ? result : `rejected ${reason}`);
      if (reason !== "too_slow") observe(counts.ack, ACK_SECONDS, tookMs / 1000); // who sends slowly, waits by choice
      if (result !== "accepted") return;
      if (!test) counts.charged++;
      if (notUnderstood !== null) counts.notUnderstood++;
    },
    attempt({ job: { route }, settlement: { next, attempt } }) {
      const counts = routes.getOrInsertComputed(route, newRoute);
      if (next.state !== "pending") add(counts.ended, next.state);
      add(counts.attempts, attempt.outcome);
      if (attempt.durationMs !== null) observe(counts.duration, ATTEMPT_SECONDS, attempt.durationMs / 1000);
    },
    commit(events, tookMs) {
      observe(batch, BATCH_EVENTS, events);
      observe(commit, COMMIT_SECONDS, tookMs / 1000);
    },
    read() {
      const { rss, heapTotal, heapUsed, external } = Deno.memoryUsage();
      return { sources, routes, batch, commit, memory: { rss, heapTotal, heapUsed, external } };
    },
  };
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function histogram(bounds: readonly number[]): Histogram {
  return { buckets: new Float64Array(bounds.length + 1), sum: 0 };
}

function observe(to: Histogram, bounds: readonly number[], value: number): void {
  let at = 0;
  while (at < bounds.length && value > bounds[at]!) at++;
  to.buckets[at]!++;
  to.sum += value;
}
