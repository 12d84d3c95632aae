import { assert, assertEquals } from "@std/assert";
import { createCounts } from "../../lib/admin/counts.ts";
import { type Looked, renderMetrics } from "../../lib/admin/metrics.ts";
import type { Job } from "../../lib/dispatch/contract.ts";
import type { AttemptReport } from "../../lib/dispatch/dispatcher.ts";
import { until } from "../support/until.ts";
import { promtool } from "./promtool.ts";
import { coinBody, openRoom } from "./room.ts";

/** The value of one series. */
function value(text: string, series: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

Deno.test("the numbers agree with the store after a load with failures", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }, {
      name: "broken",
      plugin: "http",
      events: ["cg.*"],
    }],
    run: (job) =>
      job.route === "broken" ? { outcome: job.event.coin.id === "a" ? "retry" : "permanent" } : {},
  });
  for (let i = 0; i < 30; i++) {
    await room.deliver({ id: `e${i % 25}`, body: coinBody(i % 2 ? "a" : "b", []) });
  }
  await room.deliver({ id: "x", secret: "whsec_wrong_secret" });
  await room.deliver({ id: "y", timestamp: "1000000000" });
  await room.deliver({ id: "z", body: "not json" });
  await until("all is settled", async () => {
    const counts = await room.store.counts();
    return counts.every(({ state }) => state === "done" || state === "dead") && counts.length === 2;
  });
  const response = await room.ask("/metrics");
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  const received = (result: string, reason = "") =>
    value(text, `coinrelay_received_total{source="cryptosync",result="${result}",reason="${reason}"}`);
  assertEquals([received("accepted"), received("duplicate")], [26, 5]);
  assertEquals([received("rejected", "bad_signature"), received("rejected", "stale_timestamp")], [1, 1]);
  assertEquals(value(text, 'coinrelay_api_credits_total{source="cryptosync"}'), 260);
  assertEquals(value(text, 'coinrelay_not_understood_total{source="cryptosync"}'), 1);
  assertEquals(value(text, 'coinrelay_ack_duration_seconds_count{source="cryptosync"}'), 33);

  const counts = new Map(
    (await room.store.counts()).map(({ route, state, count }) => [`${route} ${state}`, count]),
  );
  assertEquals(value(text, 'coinrelay_deliveries_total{route="all",result="done"}'), counts.get("all done"));
  assertEquals(
    value(text, 'coinrelay_deliveries_total{route="broken",result="dead"}'),
    counts.get("broken dead"),
  );
  assertEquals(value(text, 'coinrelay_dead_letters{route="broken"}'), 25);
  assertEquals(value(text, 'coinrelay_backlog_deliveries{route="broken"}'), undefined);
  const stored = await room.store.deliveries({ routes: ["broken"] }, { limit: 100 });
  const attempts = (await Promise.all(stored.map(({ id }) => room.store.attempts(id)))).flat();
  const outcome = (name: string) => attempts.filter((attempt) => attempt.outcome === name).length;
  for (const name of ["retry", "permanent"]) {
    assertEquals(value(text, `coinrelay_attempts_total{route="broken",outcome="${name}"}`), outcome(name));
  }
  const appended = await room.store.events({}, { limit: 200 });
  assert(value(text, "coinrelay_commit_batch_events_sum")! >= 26);
  const last = appended.find(({ source }) => source === "cryptosync")!.receivedAt;
  assertEquals(value(text, 'coinrelay_last_event_timestamp_seconds{source="cryptosync"}'), last / 1000);
  assert(value(text, 'coinrelay_memory_bytes{kind="rss"}')! > 1e6);
});

Deno.test("a test event makes no source heard that was silent, before a restart or after", async () => {
  let now = Date.UTC(2026, 6, 24);
  const settings = { now: () => now, sources: [{ silentMinutes: 60 }] };
  const looked = async (room: Awaited<ReturnType<typeof openRoom>>) => [
    value(
      await (await room.ask("/metrics")).text(),
      'coinrelay_last_event_timestamp_seconds{source="cryptosync"}',
    ),
    (await room.json("/api/sources")).items[0].silent,
  ];
  const first = await openRoom(settings);
  const heardAt = now / 1000;
  await first.deliver({ timestamp: String(heardAt) });
  now += 61 * 60_000;
  assertEquals((await first.post("/api/test-event")).status, 201);
  assertEquals(await looked(first), [heardAt, true]);
  await first.close();
  await using second = await openRoom({ ...settings, folder: first.folder });
  assertEquals(await looked(second), [heardAt, true]);
});

Deno.test("what an alert waits for is there before it happens, at nought", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log" }] });
  const text = await (await room.ask("/metrics")).text();
  for (
    const series of [
      'coinrelay_received_total{source="cryptosync",result="accepted",reason=""}',
      'coinrelay_received_total{source="cryptosync",result="rejected",reason="store_unavailable"}',
      'coinrelay_received_total{source="cryptosync",result="rejected",reason="stale_timestamp"}',
      'coinrelay_not_understood_total{source="cryptosync"}',
      'coinrelay_deliveries_total{route="all",result="dead"}',
    ]
  ) assertEquals([series, value(text, series)], [series, 0]);
});

Deno.test("a stranger who sends slowly makes no answer slow", () => {
  const counts = createCounts();
  const receipt = { source: "cryptosync", notUnderstood: null, test: false };
  counts.receipt({ ...receipt, result: "rejected", reason: "too_slow", tookMs: 10_000 });
  counts.receipt({ ...receipt, result: "accepted", reason: null, tookMs: 2 });
  const { ack, received } = counts.read().sources.get("cryptosync")!;
  assertEquals(received.get("rejected too_slow"), 1);
  assertEquals(ack.sum, 0.002);
});

/** The lines of some metrics, without what explains them. */
async function linesOf(looked: Partial<Looked>, ...names: string[]): Promise<string[]> {
  const text = await renderMetrics({
    now: 0,
    counted: createCounts().read(),
    counts: [],
    routes: [],
    running: new Map(),
    plugins: [],
    creditsPerEvent: new Map(),
    lastHeard: new Map(),
    streams: 0,
    ...looked,
  });
  return text.split("\n").filter((line) => names.some((name) => line.startsWith(`coinrelay_${name}`)))
    .map((line) => line.slice("coinrelay_".length));
}

Deno.test("histograms are in seconds, each bucket with all that is no longer than its bound", async () => {
  const counts = createCounts();
  const attempt = (state: "pending" | "done" | "dead", durationMs: number | null) =>
    counts.attempt({
      job: { route: "all" } as Job,
      settlement: {
        next: { state },
        attempt: { outcome: "done", durationMs },
      } as AttemptReport["settlement"],
    });
  attempt("pending", 5);
  attempt("dead", 0);
  attempt("done", 400_000);
  attempt("done", null); // the relay did not live to see how long it took
  for (const [events, tookMs] of [[1, 0.5], [3, 40], [513, 3000]] as const) counts.commit(events, tookMs);
  const counted = counts.read();
  const lines = await linesOf({ counted }, "attempt_duration_seconds", "commit_", "deliveries_total");
  const has = (line: string) => assert(lines.includes(line), `${line}\n${lines.join("\n")}`);
  for (
    const [le, count] of [["0.005", 2], ["0.01", 2], ["300", 2], ["+Inf", 3]]
  ) has(`attempt_duration_seconds_bucket{le="${le}",route="all"} ${count}`);
  has('attempt_duration_seconds_sum{route="all"} 400.005');
  has('attempt_duration_seconds_count{route="all"} 3');
  for (
    const [le, count] of [["0.0005", 1], ["0.025", 1], ["0.05", 2], ["2.5", 2], ["+Inf", 3]]
  ) has(`commit_duration_seconds_bucket{le="${le}"} ${count}`);
  for (const [le, count] of [["1", 1], ["2", 1], ["4", 2], ["512", 2], ["+Inf", 3]]) {
    has(`commit_batch_events_bucket{le="${le}"} ${count}`);
  }
  has("commit_batch_events_sum 517");
  has("commit_batch_events_count 3");
  assertEquals(lines.filter((line) => line.startsWith("deliveries_total")), [
    'deliveries_total{route="all",result="dead"} 1',
    'deliveries_total{route="all",result="done"} 2',
  ]);
});

Deno.test("what stands now is told by route and plugin", async () => {
  const count = (state: "pending" | "running" | "done" | "dead", count: number, oldest: number) => ({
    route: "all",
    state,
    count,
    oldest,
  });
  const plugin = (name: string, state: string, deaths: number, memoryBytes: number) => ({
    name,
    state,
    deaths,
    memoryBytes,
  });
  const looked = {
    now: 100_000,
    counts: [
      count("running", 2, 40_000),
      count("pending", 5, 70_000),
      count("done", 90, 0),
      count("dead", 3, 0),
      { ...count("pending", 1, 100_001), route: "ahead" },
    ],
    running: new Map([["all", 2]]),
    plugins: [
      plugin("up", "running", 0, 1024),
      plugin("dying", "waiting", 7, 0),
      plugin("bad", "broken", 0, 0),
      plugin("new", "starting", 0, 2048),
    ],
  };
  assertEquals(await linesOf(looked, "backlog", "running", "dead_letters", "plugin"), [
    'backlog_deliveries{route="all"} 7',
    'backlog_deliveries{route="ahead"} 1',
    'backlog_oldest_age_seconds{route="all"} 60',
    'backlog_oldest_age_seconds{route="ahead"} 0',
    'running_deliveries{route="all"} 2',
    'dead_letters{route="all"} 3',
    "plugin_processes 1",
    'plugin_failing{plugin="up"} 0',
    'plugin_failing{plugin="dying"} 1',
    'plugin_failing{plugin="bad"} 1',
    'plugin_failing{plugin="new"} 0',
    'plugin_deaths_total{plugin="up"} 0',
    'plugin_deaths_total{plugin="dying"} 7',
    'plugin_deaths_total{plugin="bad"} 0',
    'plugin_deaths_total{plugin="new"} 0',
    'plugin_memory_bytes{plugin="up"} 1024',
    'plugin_memory_bytes{plugin="new"} 2048',
  ]);
});

Deno.test("/metrics tells of deliveries that run now, and of a source that the config has no more", async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => release = resolve);
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log" }], run: () => held });
  await room.deliver({ id: "a" });
  await until("it runs", () => room.dispatcher.running().get("all") === 1);
  assertEquals((await room.json("/api/routes")).items[0].running, 1);
  assertEquals((await room.json("/api/overview")).running, 1);
  const next = structuredClone(room.config);
  next.sources[0]!.name = "renamed";
  room.setConfig(next);
  const text = await (await room.ask("/metrics")).text();
  release();
  assertEquals(value(text, 'coinrelay_running_deliveries{route="all"}'), 1);
  assertEquals(value(text, 'coinrelay_api_credits_total{source="cryptosync"}'), 10);
  assertEquals(value(text, 'coinrelay_api_credits_total{source="renamed"}'), 0);
});

Deno.test("credits are counted as the config prices them", async () => {
  await using room = await openRoom({ sources: [{ creditsPerEvent: 3 }] });
  for (const id of ["a", "b", "a"]) await room.deliver({ id });
  const text = await (await room.ask("/metrics")).text();
  assertEquals(value(text, 'coinrelay_api_credits_total{source="cryptosync"}'), 6);
  assertEquals((await room.json("/api/sources")).items[0].credits, 6);
});

Deno.test("test events are counted as accepted, and cost no credits", async () => {
  await using room = await openRoom();
  await room.deliver({ id: "a" });
  const credits = async () => {
    const text = await (await room.ask("/metrics")).text();
    const { accepted, credits } = (await room.json("/api/sources")).items[0];
    return [value(text, 'coinrelay_api_credits_total{source="cryptosync"}'), credits, accepted];
  };
  assertEquals(await credits(), [10, 10, 1]);
  assertEquals((await room.post("/api/test-event")).status, 201);
  assertEquals(await credits(), [10, 10, 2]);
});

Deno.test("what strangers send makes no new series", async () => {
  await using room = await openRoom();
  const series = async () => (await (await room.ask("/metrics")).text()).split("\n").length;
  await room.deliver({ id: "first", secret: "whsec_wrong_secret" });
  const before = await series();
  for (let i = 0; i < 50; i++) {
    await room.deliver({ id: `id-${i}"\n`.trim(), secret: `whsec_wrong_${i}`, body: coinBody(`c${i}`, []) });
  }
  assertEquals(await series(), before);
});

Deno.test("the backlog and the age of its oldest are told by route", async () => {
  let now = Date.parse("2026-01-01T00:00:00Z");
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log" }], now: () => now });
  await room.dispatcher.stop(0);
  const timestamp = () => String(Math.floor(now / 1000));
  await room.deliver({ id: "a", timestamp: timestamp() });
  now += 90_000;
  await room.deliver({ id: "b", timestamp: timestamp() });
  const text = await (await room.ask("/metrics")).text();
  assertEquals(value(text, 'coinrelay_backlog_deliveries{route="all"}'), 2);
  assertEquals(value(text, 'coinrelay_backlog_oldest_age_seconds{route="all"}'), 90);
});

Deno.test("promtool finds nothing wrong with /metrics", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log" }],
    descriptions: [{ name: "log" }],
    status: [{ name: "log" }],
  });
  await room.deliver({ id: "a" });
  await room.deliver({ id: "b", secret: "whsec_wrong_secret" });
  await until("it is done", async () => (await room.store.counts()).some(({ state }) => state === "done"));
  const complaint = await promtool(["check", "metrics"], await (await room.ask("/metrics")).text());
  assertEquals(complaint ?? "", "");
});
