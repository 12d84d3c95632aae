/**
 * The numbers of `/metrics`, named by Prometheus's conventions, put together when somebody asks. Labels hold names from
 * the config and closed lists only, so their number is bounded; what such a list foresees is there from the start, at
 * nought, since `increase()` does not see a counter's first step out of nothing.
 *
 * @module
 */
import { Counter, Gauge, type Metric, Registry } from "prom-client";
import { REFUSED_BECAUSE } from "../receive/ledger.ts";
import type { RouteCount } from "../store/contract.ts";
import {
  ACK_SECONDS,
  ATTEMPT_SECONDS,
  BATCH_EVENTS,
  COMMIT_SECONDS,
  type Counted,
  CREDITS_PER_EVENT,
  type Histogram,
} from "./counts.ts";

/** What one answer is made of. Times in milliseconds since 1970. */
export interface Looked {
  now: number;
  /** What was counted as it happened. */
  counted: Counted;
  counts: readonly RouteCount[];
  /** Names of the routes in force. */
  routes: readonly string[];
  running: ReadonlyMap<string, number>;
  plugins: readonly {
    name: string;
    state: string;
    deaths: number;
    memoryBytes: number;
  }[];
  /** What a new event of each source costs. */
  creditsPerEvent: ReadonlyMap<string, number>;
  /** When each source was last heard; null: never. */
  lastHeard: ReadonlyMap<string, number | null>;
  /** Watching pages and other readers of the stream. */
  streams: number;
}

/** What an answer to `GET /metrics` calls itself. */
export const METRICS_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** The answer to `GET /metrics`. */
export async function renderMetrics(looked: Looked): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `coinrelay_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `coinrelay_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, bounds: readonly number[], counted: Iterable<Labelled>) =>
    registry.registerMetric(histogramMetric(`coinrelay_${name}`, help, bounds, [...counted]));
  const { sources, routes, batch, commit, memory } = looked.counted;

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
  histogram(
    "ack_duration_seconds",
    "From a request's arrival to its answer, unless its body came too slowly.",
    ACK_SECONDS,
    sources.entries().map(([source, { ack }]) => [{ source }, ack]),
  );
  histogram("commit_batch_events", "Received events written by one commit.", BATCH_EVENTS, [[{}, batch]]);
  histogram("commit_duration_seconds", "How long a commit of events took.", COMMIT_SECONDS, [[{}, commit]]);
  for (const source of looked.creditsPerEvent.keys()) {
    for (const result of ["accepted", "duplicate"]) received.inc({ source, result, reason: "" }, 0);
    for (const reason of REFUSED_BECAUSE) received.inc({ source, result: "rejected", reason }, 0);
    for (const one of [notUnderstood, credits]) one.inc({ source }, 0);
  }
  for (const [source, counts] of sources) {
    for (const [key, count] of counts.received) {
      const [result = "", reason = ""] = key.split(" ");
      received.inc({ source, result, reason }, count);
    }
    if (counts.notUnderstood > 0) notUnderstood.inc({ source }, counts.notUnderstood);
    const price = looked.creditsPerEvent.get(source) ?? CREDITS_PER_EVENT;
    if (counts.charged > 0) credits.inc({ source }, counts.charged * price);
  }

  const deliveries = counter(
    "deliveries_total",
    "Deliveries that ended: done, or dead letters.",
    "route",
    "result",
  );
  const attempts = counter("attempts_total", "Attempts that ended, by outcome.", "route", "outcome");
  for (const route of looked.routes) {
    for (const result of ["done", "dead"]) deliveries.inc({ route, result }, 0);
  }
  for (const [route, { ended, attempts: outcomes }] of routes) {
    for (const [result, count] of ended) deliveries.inc({ route, result }, count);
    for (const [outcome, count] of outcomes) attempts.inc({ route, outcome }, count);
  }
  histogram(
    "attempt_duration_seconds",
    "How long attempts took.",
    ATTEMPT_SECONDS,
    routes.entries().filter(([, { duration }]) => duration.buckets.some((count) => count > 0))
      .map(([route, { duration }]) => [{ route }, duration]),
  );

  const lastEvent = gauge(
    "last_event_timestamp_seconds",
    "When the last event came that is no test (UNIX time).",
    "source",
  );
  for (const [source, at] of looked.lastHeard) if (at !== null) lastEvent.set({ source }, at / 1000);

  const backlog = gauge("backlog_deliveries", "Deliveries that wait or run.", "route");
  const oldest = gauge(
    "backlog_oldest_age_seconds",
    "Age of the oldest delivery that waits or runs.",
    "route",
  );
  const running = gauge("running_deliveries", "Deliveries that run in this process.", "route");
  const dead = gauge("dead_letters", "Dead letters that nobody has discarded or retried.", "route");
  const oldestOf = new Map<string, number>();
  for (const { route, state, count, oldest: since } of looked.counts) {
    if (state === "dead") dead.set({ route }, count);
    if (state !== "pending" && state !== "running") continue;
    backlog.inc({ route }, count);
    oldestOf.set(route, Math.min(oldestOf.get(route) ?? Infinity, since));
  }
  for (const [route, since] of oldestOf) oldest.set({ route }, Math.max(0, looked.now - since) / 1000);
  for (const [route, count] of looked.running) running.set({ route }, count);

  const processes = gauge("plugin_processes", "Plugin processes that are up.");
  const failing = gauge("plugin_failing", "1 where a plugin cannot be loaded or keeps dying.", "plugin");
  const deaths = counter("plugin_deaths_total", "Times a plugin's process died.", "plugin");
  const memoryOf = gauge("plugin_memory_bytes", "Resident memory of a plugin's process.", "plugin");
  for (const { name: plugin, state, deaths: count, memoryBytes } of looked.plugins) {
    failing.set({ plugin }, state === "broken" || state === "waiting" ? 1 : 0);
    deaths.inc({ plugin }, count);
    if (memoryBytes > 0) memoryOf.set({ plugin }, memoryBytes);
  }
  processes.set(looked.plugins.filter(({ state }) => state === "running").length);

  gauge("streams", "Readers of the live stream.").set(looked.streams);
  const bytes = gauge("memory_bytes", "Memory of the relay's process.", "kind");
  for (const kind of ["rss", "heapTotal", "heapUsed", "external"] as const) bytes.set({ kind }, memory[kind]);
  return await registry.metrics();
}

type Labelled = [labels: Record<string, string>, counted: Histogram];

/** A histogram that was counted elsewhere: the library's own takes nothing but single values. */
function histogramMetric(
  name: string,
  help: string,
  bounds: readonly number[],
  counted: readonly Labelled[],
): Metric {
  const values = counted.flatMap(([labels, { buckets, sum }]) => {
    let upTo = 0;
    const line = (part: string, value: number, le?: number | "+Inf") => ({
      metricName: `${name}_${part}`,
      labels: le === undefined ? labels : { le, ...labels },
      value,
    });
    const lines = bounds.map((bound, index) => line("bucket", upTo += buckets[index]!, bound));
    const count = upTo + buckets[bounds.length]!;
    return [...lines, line("bucket", count, "+Inf"), line("sum", sum), line("count", count)];
  });
  const get = () => Promise.resolve({ name, help, type: "histogram", values, aggregator: "sum" });
  return { name, get } as unknown as Metric;
}
