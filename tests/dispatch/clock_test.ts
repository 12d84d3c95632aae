import { assert, assertEquals } from "@std/assert";
import type { Job, Result, RunnerQueue } from "../../lib/dispatch/contract.ts";
import type { Route } from "../../lib/route/resolve.ts";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { startUpkeep } from "../../lib/relay/upkeep.ts";
import { until } from "../support/until.ts";
import { createDispatcher } from "./sleepy_dispatcher.ts";
import { DONE } from "./fixtures.ts";

const HOUR = 3_600_000;
const FAILED: Result = { ...DONE, outcome: "retry", error: "the receiver answered 500" };

/**
 * A dispatcher over a real store, with a clock that a test can set, and a store that it can make fail, or answer late.
 * Leases are renewed when the test says so.
 */
async function startClocked(
  run: (attempt: number, event: string, job: Job) => Promise<Result | null>,
  minDelayMs = 1,
  settings: Partial<Route> = {},
  queue?: RunnerQueue,
) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  const clock = { shift: 0 };
  let claimFails = false, settleFails = false;
  const faults: unknown[] = [], told: string[] = [];
  const renewed: number[] = [];
  const late: Partial<Record<"claim" | "settle" | "renew", Promise<void> | undefined>> = {};
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
    ...settings,
  };
  let renew = () => {};
  const { setInterval } = globalThis;
  globalThis.setInterval =
    ((callback: () => void, ms?: number) => setInterval(renew = callback, ms)) as typeof setInterval;
  const dispatcher = createDispatcher({
    store: {
      async claim(request) {
        if (claimFails) throw new StoreUnavailable("the test says so");
        const answer = await store.claim(request);
        await late.claim;
        return answer;
      },
      async renew(...given) {
        renewed.push(...given[1]);
        const answer = await store.renew(...given);
        await late.renew;
        return answer;
      },
      kvGet: (...given) => store.kvGet(...given),
      kvList: (...given) => store.kvList(...given),
      async settle(...given) {
        if (settleFails) throw new StoreUnavailable("the test says so");
        const answer = await store.settle(...given);
        await late.settle;
        return answer;
      },
    },
    runner: { run: (job) => run(job.attempt, job.event.id, job), readyAt: () => 0, ...(queue && { queue }) },
    plan: () => [],
    relay: "relay-1",
    now,
    random: () => 0.5,
    observe: ({ job: { event } }) => told.push(event.id),
    onFault: (error) => faults.push(error),
  });
  globalThis.setInterval = setInterval;
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
    faults,
    told,
    renewed,
    clock,
    /** What the store has done, but answers only then. */
    late,
    /** Has the leases renewed. */
    renew: (): unknown => renew(),
    failClaiming(fails: boolean) {
      claimFails = fails;
    },
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
    return Promise.resolve(FAILED);
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

Deno.test("an attempt that begins before the end of the one before is told as written keeps its lease", async () => {
  const slow = Promise.withResolvers<Result>();
  const runs: string[] = [];
  await using at = await startClocked((attempt, event) => {
    runs.push(event);
    if (event === "other") return Promise.resolve(DONE);
    return attempt === 1 ? Promise.resolve(FAILED) : slow.promise;
  });
  const told = Promise.withResolvers<void>();
  at.late.settle = told.promise;
  await at.add("slow");
  await until("it runs again", () => runs.length === 2);
  at.late.settle = undefined;
  told.resolve();
  at.clock.shift += HOUR; // long past the lease: what is not held is given back
  await at.add("other");
  await at.done(1);
  slow.resolve(DONE);
  const deliveries = await at.done(2);
  assertEquals(runs, ["slow", "slow", "other"]);
  assertEquals(deliveries.map(({ attempts }) => attempts).toSorted(), [1, 2]);
});

Deno.test("what is claimed ahead while leases are renewed is not forgotten", async () => {
  const held = Promise.withResolvers<Result>();
  let isHeld = false;
  await using at = await startClocked(() => isHeld ? held.promise : Promise.resolve(DONE), 1, {
    concurrency: 2,
  });
  for (let event = 0; event < 60; event++) await at.add(`quick ${event}`);
  await at.done(60);
  isHeld = true;
  await at.add("first");
  await until("it runs", () => at.dispatcher.running().get("a") === 1);
  const answered = Promise.withResolvers<void>();
  at.late.renew = answered.promise;
  at.renew();
  for (let event = 0; event < 5; event++) await at.add(`later ${event}`);
  await until(
    "two run, four are claimed ahead",
    async () => (await at.store.deliveries({ states: ["running"] }, { limit: 99 })).length === 6,
  );
  answered.resolve();
  isHeld = false;
  held.resolve(DONE);
  const deliveries = await at.done(66);
  assertEquals(deliveries.filter(({ attempts }) => attempts > 1), []);
});

Deno.test("a store that renews no lease is told of, and what runs goes on", async () => {
  const held = Promise.withResolvers<Result>();
  await using at = await startClocked(() => held.promise);
  await at.add("held");
  await until("it runs", () => at.dispatcher.running().get("a") === 1);
  at.late.renew = Promise.reject(new StoreUnavailable("the disk is away"));
  await at.renew();
  assertEquals(at.faults.map(String), ["StoreUnavailable: the disk is away"]);
  held.resolve(DONE);
  const [delivery] = await at.done(1);
  assertEquals(delivery!.attempts, 1);
});

Deno.test("a delivery that is lost, and claimed again, is written down when it ends", async () => {
  const first = Promise.withResolvers<Result>();
  let runs = 0;
  await using at = await startClocked(() => ++runs === 1 ? first.promise : Promise.resolve(DONE));
  await at.add("lost");
  await until("it runs", () => runs === 1);
  const claim = { relay: "another", now: Date.now() + HOUR, leaseUntil: Date.now() + 2 * HOUR };
  const routes = [{ route: "a", limit: 1, order: "any" as const, rate: null }];
  const { claimed: [taken] } = await at.store.claim({ ...claim, routes });
  at.renew(); // it learns that it has lost it
  const next = { state: "pending" as const, dueAt: Date.now() };
  const nothing = { attempt: null, route: "a", kv: [], emitted: [] };
  await at.store.settle("another", [{ delivery: taken!.delivery.id, next, ...nothing }], Date.now());
  const [delivery] = await at.done(1);
  assertEquals([runs, delivery!.attempts], [2, 2]);
  assertEquals(at.dispatcher.running().size, 0, "its place is free, though its first attempt has not ended");
  first.resolve(DONE);
});

Deno.test("what is claimed ahead, and lost to another relay before its place is free, is not made here", async () => {
  const held = Promise.withResolvers<Result>();
  let isHeld = false, runs = 0;
  await using at = await startClocked(() => (runs++, isHeld ? held.promise : Promise.resolve(DONE)), 1, {
    concurrency: 2,
  });
  for (let event = 0; event < 60; event++) await at.add(`quick ${event}`);
  await at.done(60);
  isHeld = true;
  for (let event = 0; event < 6; event++) await at.add(`later ${event}`);
  await until(
    "two run, four are claimed ahead",
    async () => (await at.store.deliveries({ states: ["running"] }, { limit: 99 })).length === 6,
  );
  const claim = { relay: "another", now: Date.now() + HOUR, leaseUntil: Date.now() + 2 * HOUR };
  const routes = [{ route: "a", limit: 9, order: "any" as const, rate: null }];
  assertEquals((await at.store.claim({ ...claim, routes })).claimed.length, 6);
  await at.renew(); // it learns that it has lost them
  held.resolve(DONE);
  await until("nothing runs here", () => at.dispatcher.running().size === 0);
  assertEquals(runs, 62);
});

Deno.test("what waits with the runner, and is lost to another relay before it begins, is not made here", async () => {
  const ends = new Map<Job, (result: Result | null) => void>();
  let isHeld = false, recalls = 0;
  const run = (_attempt: number, _event: string, job: Job) =>
    isHeld ? new Promise<Result | null>((resolve) => ends.set(job, resolve)) : Promise.resolve(DONE);
  const queue = {
    settled() {},
    recall() {
      recalls++;
      for (const [job, resolve] of [...ends].slice(2)) if (job.concurrency === 0) resolve(null);
    },
  };
  await using at = await startClocked(run, 1, { concurrency: 2 }, queue);
  for (let event = 0; event < 60; event++) await at.add(`quick ${event}`);
  await at.done(60);
  isHeld = true;
  for (let event = 0; event < 6; event++) await at.add(`later ${event}`);
  await until("two run, four wait", () => ends.size === 6);
  assertEquals([...ends.keys()].map(({ concurrency }) => concurrency), Array(6).fill(2));
  const before = recalls;
  await at.renew(); // nothing is lost
  assertEquals(recalls, before);
  const claim = { relay: "another", now: Date.now() + HOUR, leaseUntil: Date.now() + 2 * HOUR };
  const routes = [{ route: "a", limit: 9, order: "any" as const, rate: null }];
  assertEquals((await at.store.claim({ ...claim, routes })).claimed.length, 6);
  await at.renew(); // it learns that it has lost them
  assertEquals(recalls, before + 1);
  await until("only what runs is left", () => at.dispatcher.running().get("a") === 2);
  [...ends.values()].forEach((end) => end(DONE));
  await until("nothing runs here", () => at.dispatcher.running().size === 0);
  const theirs = await at.store.deliveries({ states: ["running"] }, { limit: 99 });
  assertEquals([theirs.length, ends.size], [6, 6], "they are the other's");
});

Deno.test("the end of an attempt that another relay has taken over meanwhile is not told as if it were kept", async () => {
  const held = Promise.withResolvers<Result>();
  await using at = await startClocked((_, event) => event === "lost" ? held.promise : Promise.resolve(DONE));
  await at.add("lost");
  await until("it runs", () => at.dispatcher.running().size === 1);
  const claim = { relay: "another", now: Date.now() + HOUR, leaseUntil: Date.now() + 2 * HOUR };
  const routes = [{ route: "a", limit: 1, order: "any" as const, rate: null }];
  assertEquals((await at.store.claim({ ...claim, routes })).claimed.length, 1);
  held.resolve(DONE);
  await until("it has ended here", () => at.dispatcher.running().size === 0);
  await at.add("kept"); // its end is written after that of the other
  await until("one is told", () => at.told.length > 0);
  assertEquals(at.told, ["kept"]);
});

Deno.test("what has ended is held no longer", async () => {
  await using at = await startClocked((_, event) =>
    event === "long" ? new Promise(() => {}) : Promise.resolve(DONE)
  );
  for (const event of ["short", "long"]) await at.add(event);
  const [short] = await at.done(1);
  await until(
    "its end is told, and only the other runs",
    () => at.told.length === 1 && at.dispatcher.running().get("a") === 1,
  );
  await new Promise((resolve) => setTimeout(resolve)); // what follows from that has followed
  await at.renew();
  assertEquals(at.renewed.includes(short!.id), false);
  assertEquals(at.renewed.length, 1);
});

Deno.test("an attempt that ends after its delivery was lost and claimed again frees no place of another's", async () => {
  const first = Promise.withResolvers<Result>(), held = Promise.withResolvers<Result>();
  let runs = 0;
  await using at = await startClocked(
    (attempt, event) => {
      runs++;
      if (event !== "lost") return held.promise;
      return attempt === 1 ? first.promise : Promise.resolve(DONE);
    },
    1,
    { concurrency: 2 },
  );
  await at.add("lost");
  await until("it runs", () => runs === 1);
  const claim = { relay: "another", now: Date.now() + HOUR, leaseUntil: Date.now() + 2 * HOUR };
  const routes = [{ route: "a", limit: 1, order: "any" as const, rate: null }];
  const { claimed: [taken] } = await at.store.claim({ ...claim, routes });
  const undone = { delivery: taken!.delivery.id, attempt: null, route: "a", kv: [], emitted: [] };
  const next = { state: "pending" as const, dueAt: Date.now() };
  await at.store.settle("another", [{ ...undone, next }], Date.now());
  await at.done(1);
  first.resolve(DONE);
  for (let event = 0; event < 4; event++) await at.add(`held ${event}`);
  await until("two run", () => runs === 4);
  await at.store.ready(); // what is claimed now has been claimed
  assertEquals([runs, at.dispatcher.running().get("a")], [4, 2]);
  held.resolve(DONE);
  await at.done(5);
});

Deno.test("while a claim is under way no other is made", async () => {
  await using at = await startClocked(() => new Promise(() => {}), 1, { concurrency: 1 });
  const answered = Promise.withResolvers<void>();
  at.late.claim = answered.promise;
  for (const event of ["1", "2", "3"]) await at.add(event);
  await until(
    "one is claimed",
    async () => (await at.store.deliveries({ states: ["running"] }, { limit: 9 })).length > 0,
  );
  await at.add("4"); // of which it is told
  await at.store.ready();
  assertEquals((await at.store.deliveries({ states: ["running"] }, { limit: 9 })).length, 1);
  answered.resolve();
});

Deno.test("a stop while the store is away ends, and what ended meanwhile keeps its lease", async () => {
  await using at = await startClocked(() => Promise.resolve(DONE));
  at.failSettling(true);
  await at.add("ended");
  await until("its end cannot be written", () => at.faults.length > 0);
  await at.dispatcher.stop(0);
  assertEquals((await at.store.deliveries({ states: ["running"] }, { limit: 9 })).length, 1);
});

Deno.test("a stop waits for the claim that is under way, and gives back what it brings", async () => {
  let runs = 0;
  await using at = await startClocked(() => (runs++, Promise.resolve(DONE)));
  const answered = Promise.withResolvers<void>();
  at.late.claim = answered.promise;
  await at.add("claimed");
  await until(
    "it is claimed",
    async () => (await at.store.deliveries({ states: ["running"] }, { limit: 9 })).length === 1,
  );
  const stopped = at.dispatcher.stop(0);
  answered.resolve();
  await stopped;
  const [delivery] = await at.store.deliveries({}, { limit: 9 });
  assertEquals([delivery!.state, delivery!.attempts, runs], ["pending", 0, 0]);
});

Deno.test("a claim that the store refused is made again before long", async () => {
  await using at = await startClocked(() => Promise.resolve(DONE));
  await at.add("first");
  await at.done(1);
  at.failClaiming(true);
  await at.add("refused");
  await until("it is refused", () => at.faults.length > 0);
  at.failClaiming(false);
  await at.done(2);
});
