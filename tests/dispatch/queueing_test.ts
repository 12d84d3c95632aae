/** Dispatch with a plugin's process in which deliveries wait for their place. */
import { assert, assertEquals } from "@std/assert";
import { idempotencyKey } from "../../lib/dispatch/idempotency.ts";
import { startReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { startWithPlugin } from "./with_plugin.ts";

/** Three of a route run and do not end, and 37 wait in the plugin's process. */
async function startCrowded() {
  const at = { inside: 0, most: 0 };
  const held = Promise.withResolvers<void>();
  const receiver = startReceiver(async () => {
    at.most = Math.max(at.most, ++at.inside);
    await held.promise;
    await new Promise((resolve) => setImmediate(resolve));
    at.inside--;
    return new Response();
  });
  const started = await startWithPlugin(
    `export default { async run({ data }, { fetch }) { if (data.number >= 60) await fetch("${receiver.url}"); } };`,
    { some: { concurrency: 3, allow: { net: [new URL(receiver.url).host] } } },
  );
  await started.add(100);
  await receiver.arrived(3);
  await until("all others are claimed", async () => await started.count("running") === 40);
  return {
    ...started,
    at,
    release: held.resolve,
    async [Symbol.asyncDispose]() {
      held.resolve();
      await started[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

Deno.test("what one attempt remembers is known to the next, though that waits in the plugin's process", async () => {
  await using started = await startWithPlugin(
    `export default { async run(_event, { kv }) { kv.set("count", 1 + (await kv.get("count") ?? 0)); } };`,
    { counter: { concurrency: 1 } },
  );
  await started.add(100);
  await until("all are made", async () => await started.count("done") === 100);
  assertEquals(await started.store.kvGet("counter", "count"), "100");
  assertEquals(started.faults, []);
});

Deno.test("what waits in the plugin's process is given back at a stop, and was never attempted", async () => {
  await using started = await startCrowded();
  const { dispatcher, store, count, faults } = started;
  assertEquals(dispatcher.running().get("some"), 3);
  const stopped = dispatcher.stop(60_000);
  await until("those that waited are back", async () => await count("pending") === 37);
  const waiting = await store.deliveries({ states: ["pending"] }, { limit: 100 });
  assert(waiting.every(({ attempts }) => attempts === 0));
  assert(waiting.every(({ dueAt }) => dueAt <= Date.now()), "they are due at once");
  started.release();
  await stopped;
  assertEquals([await count("done"), await count("pending")], [63, 37]);
  assertEquals(faults, []);
});

Deno.test("what waits in the plugin's process runs beside as many as its route may have now, be it fewer or more", async () => {
  for (const concurrency of [1, 8]) {
    await using started = await startCrowded();
    const { at, count } = started;
    await started.configure({ concurrency });
    if (concurrency > 3) await until("more run", () => at.inside === concurrency);
    started.release();
    if (concurrency < 3) await until("what ran has ended", async () => await count("done") > 63);
    at.most = at.inside;
    await until("all are made", async () => await count("done") === 100);
    assert(at.most <= concurrency, `${at.most} ran where ${concurrency} may`);
  }
});

Deno.test("what waits in the plugin's process comes back when its route is turned off, and was never attempted", async () => {
  await using started = await startCrowded();
  const { dispatcher, count, store } = started;
  dispatcher.configure([]); // as by the switch on the dashboard, of which plugins hear nothing
  await until("what waited is back", async () => await count("pending") === 37);
  const waiting = await store.deliveries({ states: ["pending"] }, { limit: 100 });
  assert(waiting.every(({ attempts }) => attempts === 0));
  started.release();
  await until("what ran has ended", async () => await count("done") === 63);
  assertEquals([await count("pending"), started.faults], [37, []]);
});

Deno.test("an attempt takes as long as its plugin ran, without what it waited", async () => {
  const began = performance.now();
  await using started = await startWithPlugin(`export default { run() {} };`, { one: { concurrency: 1 } });
  await started.add(100);
  await until("all are made", async () => await started.count("done") === 100);
  const elapsed = performance.now() - began;
  const done = await started.store.deliveries({ states: ["done"] }, { limit: 100 });
  const took = await Promise.all(
    done.map(async ({ id }) => (await started.store.attempts(id))[0]!.durationMs!),
  );
  const rounding = 0.5 * took.length;
  assert(took.reduce((sum, ms) => sum + ms) <= elapsed + rounding, `one by one in ${elapsed} ms: ${took}`);
});

/** Fails in many ways, each event in its own, but not for ever. */
const fickle = (url: string, version: number) => `
  import process from "node:process";
  const version = ${version};
  export default { async run({ data }, { fetch, kv, route, attempt, idempotencyKey }) {
    const fails = (number) => attempt === 1 && data.number % 101 === number;
    if (fails(13)) process.abort();
    if (fails(29)) for (;;);
    if (route === "one") kv.set("count", 1 + (await kv.get("count") ?? 0));
    await (await fetch("${url}", { headers: { "x-route": route, "x-key": idempotencyKey } })).text();
    if (fails(43)) process.abort();
    if (fails(59)) await new Promise(() => {});
    if (data.number % 7 === 3 && attempt === 1) throw new Error("not yet");
  } };`;

Deno.test("whatever becomes of a plugin that is edited and set anew under load, nothing is lost, no more run than may, and what is remembered is counted once", async () => {
  const places = { one: 1, three: 3, eight: 8 };
  const inside = new Map<string, number>();
  const most = new Map<string, number>();
  const acts = new Map<string, number>();
  await using receiver = startReceiver(async ({ headers }) => {
    receiver.received.length = 0;
    const route = headers["x-route"]!, key = headers["x-key"]!;
    acts.set(key, (acts.get(key) ?? 0) + 1);
    inside.set(route, (inside.get(route) ?? 0) + 1);
    most.set(route, Math.max(most.get(route) ?? 0, inside.get(route)!));
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside.set(route, inside.get(route)! - 1);
    return new Response();
  });
  const allow = { net: [new URL(receiver.url).host] };
  await using started = await startWithPlugin(
    fickle(receiver.url, 0),
    Object.fromEntries(
      Object.entries(places).map(([name, concurrency]) => [name, { concurrency, allow, timeoutSeconds: 1 }]),
    ),
    { stallMs: 500, graceMs: 100, minRestartMs: 10, maxRestartMs: 100 },
  );
  const events = 101;
  await started.add(events);
  const total = events * Object.keys(places).length;
  let edits = 0;
  await until("all are made", async () => {
    edits++;
    if (edits % 20 === 0) await started.home.write("plugins/plugin.ts", fickle(receiver.url, edits));
    if (edits % 20 === 10) await started.configure({ options: { edits } });
    return await started.count("done") === total;
  }, 120_000);
  assertEquals(started.faults, []);
  assertEquals(await started.store.kvGet("one", "count"), `${events}`);
  for (const [route, count] of Object.entries(places)) {
    assert(most.get(route)! <= count, `${route}: ${most.get(route)}`);
  }
  for (const delivery of await started.store.deliveries({}, { limit: total })) {
    const event = await started.store.event({ seq: delivery.event });
    const made = acts.get(idempotencyKey(event!, delivery)) ?? 0;
    const attempts = await started.store.attempts(delivery.id);
    assert(
      made > 0 && made <= attempts.length,
      `${delivery.route} ${event!.id}: ${made} of ${attempts.length}`,
    );
  }
});
