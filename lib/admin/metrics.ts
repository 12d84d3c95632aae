/**
 * The numbers of `/metrics`, named by Prometheus's conventions. Counters are fed as things happen; what can be looked up
 * is looked up when asked for. Labels hold names from the config and closed lists only, so their number is bounded.
 *
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AttemptReport } from "../dispatch/dispatcher.ts";
import type { Receipt } from "../receive/receiver.ts";
import type { RouteCount } from "../store/contract.ts";

/** API credits that the provider charges for a delivered event, unless the config says otherwise; its retries are free. */
export const CREDITS_PER_EVENT = 10;

/** What is looked up for one answer. Times in milliseconds since 1970. */
export interface Looked {
  now: number;
  counts: readonly RouteCount[];
  running: ReadonlyMap<string, number>;
  plugins: readonly {
    name: string;
    state: string;
    deaths: number;
    memoryBytes: number;
  }[];
  /** What a new event of each source costs. */
  creditsPerEvent: ReadonlyMap<string, number>;
  /** When each source's last event was stored; null: never. */
  lastEvents: ReadonlyMap<string, number | null>;
  /** Watching pages and other readers of the stream. */
  streams: number;
}

/** Counts what happens. */
export interface Metrics {
  receipt(receipt: Receipt): void;
  attempt(report: AttemptReport): void;
  /** One commit of received events. */
  commit(events: number, tookMs: number): void;
  /** The answer to `GET /metrics`. */
  render(looked: Looked): Promise<string>;
  contentType: string;
}

const ACK_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const BATCH_EVENTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const ATTEMPT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Makes all counters at nought. */
export function createMetrics(): Metrics {
  const accepted = new Map<string, number>();
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `coinrelay_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `coinrelay_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], ...labelNames: string[]) =>
    new Histogram({ name: `coinrelay_${name}`, help, labelNames, buckets, registers });

  const received = counter(
    "received_total",
    "Requests to a source, by result.",
    "source",
    "result",
    "reason",
  );
  const notUnderstood = counter(
    "not_understood_total",
    "Stored events whose body says nothing we route.",
    "source",
  );
  const credits = counter(
    "api_credits_total",
    "API credits that the provider charged for new events.",
    "source",
  );
  const ack = histogram(
    "ack_duration_seconds",
    "From a request's arrival to its answer.",
    ACK_SECONDS,
    "source",
  );
  const batch = histogram("commit_batch_events", "Received events written by one commit.", BATCH_EVENTS);
  const commit = histogram("commit_duration_seconds", "How long a commit of events took.", COMMIT_SECONDS);
  const deliveries = counter(
    "deliveries_total",
    "Deliveries that ended: done, or dead letters.",
    "route",
    "result",
  );
  const attempts = counter("attempts_total", "Attempts that ended, by outcome.", "route", "outcome");
  const attempt = histogram("attempt_duration_seconds", "How long attempts took.", ATTEMPT_SECONDS, "route");

  const lastEvent = gauge(
    "last_event_timestamp_seconds",
    "When the last event was stored (UNIX time).",
    "source",
  );
  const backlog = gauge("backlog_deliveries", "Deliveries that wait or run.", "route");
  const oldest = gauge(
    "backlog_oldest_age_seconds",
    "Age of the oldest delivery that waits or runs.",
    "route",
  );
  const running = gauge("running_deliveries", "Deliveries that run in this process.", "route");
  const dead = gauge("dead_letters", "Dead letters that nobody has discarded or retried.", "route");
  const processes = gauge("plugin_processes", "Plugin processes that are up.");
  const failing = gauge("plugin_failing", "1 where a plugin cannot be loaded or keeps dying.", "plugin");
  const deaths = counter("plugin_deaths_total", "Times a plugin's process died.", "plugin");
  const memoryOf = gauge("plugin_memory_bytes", "Resident memory of a plugin's process.", "plugin");
  const streams = gauge("streams", "Readers of the live stream.");
  const memory = gauge("memory_bytes", "Memory of the relay's process.", "kind");

  return {
    contentType: registry.contentType,
    receipt({ source, result, reason, notUnderstood: problem, tookMs }) {
      received.inc({ source, result, reason: reason ?? "" });
      ack.observe({ source }, tookMs / 1000);
      if (result !== "accepted") return;
      accepted.set(source, (accepted.get(source) ?? 0) + 1);
      if (problem !== null) notUnderstood.inc({ source });
    },
    attempt({ job: { route }, settlement }) {
      const { state } = settlement.next;
      if (state !== "pending") deliveries.inc({ route, result: state });
      if (settlement.attempt === null) return;
      attempts.inc({ route, outcome: settlement.attempt.outcome });
      if (settlement.attempt.durationMs !== null) {
        attempt.observe({ route }, settlement.attempt.durationMs / 1000);
      }
    },
    commit(events, tookMs) {
      batch.observe(events);
      commit.observe(tookMs / 1000);
    },
    async render(looked) {
      for (const looksUp of [lastEvent, backlog, oldest, running, dead, failing, deaths, memoryOf]) {
        looksUp.reset();
      }
      credits.reset();
      for (const [source, count] of accepted) {
        credits.inc({ source }, count * (looked.creditsPerEvent.get(source) ?? CREDITS_PER_EVENT));
      }
      setRoutes(looked);
      for (const [source, at] of looked.lastEvents) if (at !== null) lastEvent.set({ source }, at / 1000);
      for (const { name: plugin, state, deaths: count, memoryBytes } of looked.plugins) {
        failing.set({ plugin }, state === "broken" || state === "waiting" ? 1 : 0);
        deaths.inc({ plugin }, count);
        if (memoryBytes > 0) memoryOf.set({ plugin }, memoryBytes);
      }
      processes.set(looked.plugins.filter(({ state }) => state === "running").length);
      streams.set(looked.streams);
      const used = Deno.memoryUsage();
      for (const kind of ["rss", "heapTotal", "heapUsed", "external"] as const) {
        memory.set({ kind }, used[kind]);
      }
      return await registry.metrics();
    },
  };

  function setRoutes({ counts, running: now, now: at }: Looked) {
    const oldestOf = new Map<string, number>();
    for (const { route, state, count, oldest: since } of counts) {
      if (state === "dead") dead.set({ route }, count);
      if (state !== "pending" && state !== "running") continue;
      backlog.inc({ route }, count);
      oldestOf.set(route, Math.min(oldestOf.get(route) ?? Infinity, since));
    }
    for (const [route, since] of oldestOf) oldest.set({ route }, Math.max(0, at - since) / 1000);
    for (const [route, count] of now) running.set({ route }, count);
  }
}
