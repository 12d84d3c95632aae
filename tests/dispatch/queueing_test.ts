/** Dispatch with a plugin's process in which deliveries wait for their place. */
import { assert, assertEquals } from "@std/assert";
import { createDispatcher } from "../../lib/dispatch/dispatcher.ts";
import { configSchema } from "../../lib/config/schema.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";
import { openStore } from "../../lib/store/open.ts";
import { house } from "../sandbox/support.ts";
import { until } from "../support/until.ts";

/** A relay's store, dispatcher and plugin, with deliveries due for its route. */
async function start(source: string, deliveries: number, concurrency: number) {
  const home = await house({ "counter.ts": source });
  const store = await openStore("sqlite:relay.db", home.base);
  const routes = resolveRoutes(
    configSchema.parse({
      sources: [{ name: "s", path: "/webhook", secrets: ["whsec_of_the_test"] }],
      routes: [{ name: "counter", plugin: "counter", concurrency }],
    }),
    [],
  );
  await home.plugins.configure(routes);
  const faults: unknown[] = [];
  const dispatcher = createDispatcher({
    store,
    runner: home.plugins.runner,
    plan: () => [],
    relay: "relay-1",
    now: Date.now,
    random: () => 0.5,
    observe() {},
    onFault: (error) => faults.push(error),
  });
  store.onCommit((news) => dispatcher.wake(news.routes));
  const now = Date.now();
  await store.append(Array.from({ length: deliveries }, (_, index) => ({
    source: "cryptosync",
    id: `evt-${index}`,
    type: "cg.coin.listed",
    coin: "aave",
    receivedAt: now,
    timestamp: "1776066000",
    signature: "00",
    body: new TextEncoder().encode(`{"event_type":"cg.coin.listed","data":{"id":"aave","number":${index}}}`),
    test: false,
    depth: 0,
    deliveries: [{ route: "counter", matched: null, dueAt: now }],
  })));
  dispatcher.configure(routes);
  return {
    store,
    dispatcher,
    faults,
    all: (state: "done" | "pending") => store.deliveries({ states: [state] }, { limit: deliveries + 1 }),
    async [Symbol.asyncDispose]() {
      await dispatcher.stop(0);
      await store.close();
      await home[Symbol.asyncDispose]();
    },
  };
}

Deno.test("what one attempt remembers is known to the next, though that waits in the plugin's process", async () => {
  await using started = await start(
    `export default { async run(_event, { kv }) { kv.set("count", 1 + (await kv.get("count") ?? 0)); } };`,
    100,
    1,
  );
  await until("all are made", async () => (await started.all("done")).length === 100);
  assertEquals(await started.store.kvGet("counter", "count"), "100");
  assertEquals(started.faults, []);
});

Deno.test("what waits in the plugin's process is given back at a stop, and was never attempted", async () => {
  await using started = await start(
    `export default { run: ({ data }) => data.number < 60 ? undefined : new Promise(() => {}) };`,
    100,
    3,
  );
  const { dispatcher, store, all, faults } = started;
  await until("three run, and all others are claimed", async () => {
    const claimed = await store.deliveries({ states: ["running"] }, { limit: 100 });
    return claimed.length === 40 && (await all("done")).length === 60;
  });
  assertEquals(dispatcher.running().get("counter"), 3);
  await dispatcher.stop(0);
  const waiting = await all("pending");
  assertEquals(waiting.length, 40);
  const attempted = waiting.filter(({ attempts }) => attempts > 0);
  assertEquals(attempted.length, 3, "those that ran were interrupted");
  assert(waiting.every(({ dueAt }) => dueAt <= Date.now()), "they are due at once");
  assertEquals(faults, []);
});

Deno.test("an attempt takes as long as its plugin ran, without what it waited", async () => {
  const began = performance.now();
  await using started = await start(`export default { run() {} };`, 100, 1);
  await until("all are made", async () => (await started.all("done")).length === 100);
  const elapsed = performance.now() - began;
  const took = await Promise.all(
    (await started.all("done")).map(async ({ id }) => (await started.store.attempts(id))[0]!.durationMs!),
  );
  const rounding = 0.5 * took.length;
  assert(took.reduce((sum, ms) => sum + ms) <= elapsed + rounding, `one by one in ${elapsed} ms: ${took}`);
});
