import { assert, assertEquals } from "@std/assert";
import type { Result } from "../../lib/dispatch/contract.ts";
import { createDispatcher } from "../../lib/dispatch/dispatcher.ts";
import type { Route } from "../../lib/route/resolve.ts";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { startUpkeep } from "../../lib/relay/upkeep.ts";
import { until } from "../support/until.ts";

const HOUR = 3_600_000;
const DONE: Result = { outcome: "done", error: null, retryAfterSeconds: null, kv: [], emitted: [], sent: [] };

/** A dispatcher over a real store, with a clock that a test can set, and a store that it can make fail. */
async function startClocked(run: (attempt: number, event: string) => Promise<Result>, minDelayMs = 1) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  const clock = { shift: 0 };
  let settleFails = false;
  const now = () => Date.now() + clock.shift;
  const route: Route = {
    name: "a",
    plugin: "a",
    filters: {},
    options: {},
    allow: {},
    concurrency: 4,
    timeoutMs: 1000,
    order: "any",
    rate: null,
    schedule: { digest: null, quietHours: null, timeZone: "UTC" },
    urgent: null,
    retry: { maxAttempts: 9, minDelayMs, maxDelayMs: minDelayMs },
    configured: true,
  };
  const dispatcher = createDispatcher({
    store: {
      claim: (request) => store.claim(request),
      renew: (...given) => store.renew(...given),
      kvGet: (...given) => store.kvGet(...given),
      kvList: (...given) => store.kvList(...given),
      settle: (...given) =>
        settleFails ? Promise.reject(new StoreUnavailable("the test says so")) : store.settle(...given),
    },
    runner: { run: (job) => run(job.attempt, job.event.id), readyAt: () => 0 },
    plan: () => [],
    relay: "relay-1",
    now,
    random: () => 0.5,
    observe: () => {},
    onFault: () => {},
  });
  store.onCommit((news) => dispatcher.wake(news.routes));
  const upkeep = startUpkeep({
    store,
    config: () => ({
      retention: { days: 30 },
      sources: [{ name: "s", path: "/webhook", secrets: ["x"], maxAgeSeconds: 300 }],
    }),
    now,
  });
  dispatcher.configure([route]);
  return {
    store,
    dispatcher,
    clock,
    failSettling(fails: boolean) {
      settleFails = fails;
    },
    async add(id: string) {
      const at = now();
      const deliveries = [{ route: "a", matched: null, dueAt: at }];
      const body = new TextEncoder().encode('{"event_type":"x","data":{}}');
      const event = { source: "s", id, type: "x", coin: null, receivedAt: at, timestamp: "", signature: "" };
      await store.append([{ ...event, body, test: false, depth: 0, deliveries }]);
    },
    done: (count: number) =>
      until(`${count} are done`, async () => {
        const found = await store.deliveries({ states: ["done"] }, { limit: 99 });
        return found.length >= count ? found : null;
      }),
    async [Symbol.asyncDispose]() {
      upkeep.stop();
      await dispatcher.stop(0);
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("a clock that jumps ahead makes nothing that runs run twice", async () => {
  const slow = Promise.withResolvers<Result>();
  const runs: string[] = [];
  await using at = await startClocked((_, event) => {
    runs.push(event);
    return event === "slow" ? slow.promise : Promise.resolve(DONE);
  });
  await at.add("slow");
  await until("it runs", () => runs.length === 1);
  at.clock.shift += HOUR; // long past its lease
  await at.add("quick");
  await at.done(1);
  slow.resolve(DONE);
  const deliveries = await at.done(2);
  assertEquals(runs, ["slow", "quick"]);
  assertEquals(deliveries.map(({ attempts }) => attempts), [1, 1]);
});

Deno.test("a clock set back by an hour delays no delivery by an hour: not a new one, not a retry", async () => {
  let broken = true;
  const failed = Promise.withResolvers<void>();
  await using at = await startClocked((_, event) => {
    if (!broken || event !== "retry") return Promise.resolve(DONE);
    failed.resolve();
    return Promise.resolve({ ...DONE, outcome: "retry", error: "the receiver answered 500" });
  }, 4000);
  await at.add("retry");
  await failed.promise;
  const [waiting] = await until("it waits", async () => {
    const found = await at.store.deliveries({ states: ["pending"] }, { limit: 9 });
    return found.length === 1 && found[0]!.attempts === 1 ? found : null;
  });
  assert(waiting!.dueAt > Date.now() + 500, "its delay is not over");
  at.clock.shift -= HOUR;
  broken = false;
  await at.add("new");
  await at.done(2);
});

Deno.test("what ended while the store could not be written is not made again once it can", async () => {
  const runs: string[] = [];
  await using at = await startClocked((_, event) => {
    runs.push(event);
    return Promise.resolve(DONE);
  });
  at.failSettling(true);
  await at.add("ended");
  await until("it runs", () => runs.length === 1);
  at.clock.shift += 10 * 60_000; // the outage outlasts its lease
  await at.add("later");
  await until("the other runs", () => runs.length === 2);
  at.failSettling(false);
  const deliveries = await at.done(2);
  assertEquals(runs, ["ended", "later"]);
  assertEquals(deliveries.map(({ attempts }) => attempts), [1, 1]);
});
