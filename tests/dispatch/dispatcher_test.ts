import { assert, assertEquals } from "@std/assert";
import type { Job, PluginRunner, Result } from "../../lib/dispatch/contract.ts";
import type { AttemptReport } from "../../lib/dispatch/dispatcher.ts";
import { DEAD_EVENT_TYPE, MAX_DEPTH } from "../../lib/dispatch/settle.ts";
import type { Plan } from "../../lib/route/plan.ts";
import type { Route } from "../../lib/route/resolve.ts";
import { openStore } from "../../lib/store/open.ts";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { createDispatcher } from "./sleepy_dispatcher.ts";
import { DONE } from "./fixtures.ts";

const FAILED: Result = { ...DONE, outcome: "retry", error: "the receiver answered 500" };

function route(name: string, settings: Partial<Route> = {}): Route {
  return {
    name,
    plugin: name,
    filters: {},
    options: {},
    allow: {},
    concurrency: 4,
    timeoutMs: 1000,
    order: "any",
    rate: null,
    retry: { maxAttempts: 3, minDelayMs: 1, maxDelayMs: 2 },
    schedule: { digest: null, quietHours: null, timeZone: "UTC" },
    urgent: null,
    configured: true,
    ...settings,
  };
}

/** A dispatcher over a real store, whose plugins are the given function. */
async function startDispatcher(
  run: (job: Job) => Promise<Result | null>,
  readyAt: PluginRunner["readyAt"] = () => 0,
  plan: Plan = ({ type }, now) =>
    type.startsWith("relay.") ? [{ route: "alarms", matched: null, dueAt: now }] : [],
) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  const reports: AttemptReport[] = [];
  const faults: unknown[] = [];
  /** What is special about the events that are added, and about whoever is told of attempts. */
  const special = { depth: 0, text: "", observe: (_report: AttemptReport): void => {} };
  const dispatcher = createDispatcher({
    store,
    runner: { run, readyAt },
    plan,
    relay: "relay-1",
    now: Date.now,
    random: () => 0.5,
    observe(report) {
      special.observe(report);
      reports.push(report);
    },
    onFault: (error) => faults.push(error),
  });
  store.onCommit((news) => dispatcher.wake(news.routes));
  let count = 0;
  return {
    store,
    dispatcher,
    reports,
    faults,
    special,
    /** Stores events with a delivery each for `routes`, due at once. */
    async add(events: number, ...routes: string[]) {
      const now = Date.now();
      const deliveries = routes.map((name) => ({ route: name, matched: null, dueAt: now }));
      const { text, depth } = special;
      const body = new TextEncoder().encode(
        JSON.stringify({ event_type: "cg.coin.listed", data: { id: "aave", text } }),
      );
      const parts = { type: "cg.coin.listed", coin: "aave", receivedAt: now, body, depth, deliveries };
      await store.append(Array.from({ length: events }, () => anEvent(`evt-${++count}`, parts)));
    },
    /** What is told of dead letters: the `data` of each, oldest first, and what it was told to. */
    async deaths() {
      const told = await store.events({ type: DEAD_EVENT_TYPE }, { after: 0, limit: 100 });
      const routed = await store.deliveries({ routes: ["alarms"] }, { limit: 100 });
      const text = new TextDecoder();
      return told.map(({ seq, coin, body }) => ({
        coin,
        data: JSON.parse(text.decode(body)).data,
        routed: routed.filter(({ event }) => event === seq).length,
      }));
    },
    settled: (wanted: number, state: "done" | "dead" = "done") =>
      until(`${wanted} deliveries are ${state}`, async () => {
        const found = await store.deliveries({ states: [state] }, { limit: wanted + 1 });
        return found.length >= wanted ? found : null;
      }),
    async [Symbol.asyncDispose]() {
      await dispatcher.stop(0);
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("every due delivery is made once and settled as done", async () => {
  const made: number[] = [];
  await using started = await startDispatcher((job) => (made.push(job.delivery), Promise.resolve(DONE)));
  started.dispatcher.configure([route("a"), route("b")]);
  await started.add(50, "a", "b");
  await started.settled(100);
  assertEquals([made.length, new Set(made).size], [100, 100]);
  assertEquals(started.faults, []);
});

Deno.test("deliveries stored before the start are made", async () => {
  await using started = await startDispatcher(() => Promise.resolve(DONE));
  await started.add(3, "a");
  started.dispatcher.configure([route("a")]);
  await started.settled(3);
});

Deno.test("no more deliveries of a route run at a time than its concurrency allows", async () => {
  let running = 0, most = 0;
  await using started = await startDispatcher(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return DONE;
  });
  started.dispatcher.configure([route("a", { concurrency: 3 })]);
  await started.add(40, "a");
  await started.settled(40);
  assertEquals(most, 3);
});

Deno.test("an event by itself costs one claim", async () => {
  await using started = await startDispatcher(() => Promise.resolve(DONE));
  const { store, dispatcher } = started;
  const claim = store.claim.bind(store);
  let claims = 0;
  store.claim = (request) => (claims++, claim(request));
  dispatcher.configure([route("a")]);
  await until("what was due at the start is asked for", () => claims === 1);
  for (let event = 1; event <= 3; event++) {
    await started.add(1, "a");
    await started.settled(event);
  }
  await started.add(1, "not in force"); // what was asked before it has been answered by now
  assertEquals(claims, 1 + 3, "one at the start");
});

Deno.test("what is claimed before there is a place for it is given back at a stop, and was never attempted", async () => {
  let begun = 0;
  const held = Promise.withResolvers<Result>();
  await using started = await startDispatcher(() => ++begun > 60 ? held.promise : Promise.resolve(DONE));
  const { store, dispatcher } = started;
  dispatcher.configure([route("a", { concurrency: 3 })]);
  await started.add(100, "a");
  await until("three run, and all others are claimed ahead", async () => {
    const claimed = await store.deliveries({ states: ["running"] }, { limit: 100 });
    return begun === 63 && claimed.length === 40;
  });
  await dispatcher.stop(0);
  const waiting = await store.deliveries({ states: ["pending"] }, { limit: 100 });
  assertEquals(waiting.length, 40);
  assertEquals(waiting.filter(({ attempts }) => attempts > 0).length, 3, "those that ran were interrupted");
  held.resolve(DONE);
});

Deno.test("a route that would remember too much has a dead letter that says so, and remembers what it did", async () => {
  const value = JSON.stringify("x".repeat(60_000));
  await using started = await startDispatcher((job) =>
    Promise.resolve({ ...DONE, kv: [{ key: `${job.delivery}`, value }] })
  );
  started.dispatcher.configure([route("a", { concurrency: 1 })]);
  await started.add(18, "a");
  const [dead] = await started.settled(1, "dead");
  assertEquals(dead!.error?.split(":")[0], "Cannot remember that much");
  assertEquals((await started.store.kvList("a")).length, 17);
});

Deno.test("what an attempt remembers is known to the next of its route that runs after it", async () => {
  await using started = await startDispatcher(async ({ kvGet }) => {
    const count = Number(await kvGet("count")) + 1;
    return { ...DONE, kv: [{ key: "count", value: String(count) }] };
  });
  started.dispatcher.configure([route("a", { concurrency: 1 })]);
  await started.add(30, "a");
  await started.settled(30);
  assertEquals(await started.store.kvGet("a", "count"), "30");
});

Deno.test("deliveries of a route are begun in the order in which they fell due", async () => {
  const made: number[] = [];
  await using started = await startDispatcher((job) => (made.push(job.delivery), Promise.resolve(DONE)));
  started.dispatcher.configure([route("a", { concurrency: 1 })]);
  await started.add(100, "a");
  await started.settled(100);
  assertEquals(made, made.toSorted((one, other) => one - other));
});

/** A route of which some run until they are let go, and all that are left of `events` are claimed ahead. */
async function startCrowded(events: number, concurrency: number) {
  let begun = 0;
  const held = Promise.withResolvers<Result>();
  const started = await startDispatcher(() => ++begun > 60 ? held.promise : Promise.resolve(DONE));
  started.dispatcher.configure([route("a", { concurrency })]);
  await started.add(events, "a");
  await until(`${concurrency} run, and the others are claimed ahead`, async () => {
    const claimed = await started.store.deliveries({ states: ["running"] }, { limit: 100 });
    return begun === 60 + concurrency && claimed.length === events - 60;
  });
  return { ...started, begun: () => begun, release: () => held.resolve(DONE) };
}

Deno.test("what is claimed ahead for a route that is in force no more is given back at once", async () => {
  await using started = await startCrowded(100, 3);
  started.dispatcher.configure([]);
  const waiting = await until("all but those that run wait", async () => {
    const found = await started.store.deliveries({ states: ["pending"] }, { limit: 100 });
    return found.length === 37 ? found : null;
  });
  assertEquals(waiting.filter(({ attempts }) => attempts > 0), []);
  started.release();
});

Deno.test("what is claimed ahead is begun as soon as a new config has places for it", async () => {
  await using started = await startCrowded(63, 1);
  started.dispatcher.configure([route("a", { concurrency: 3 })]);
  assertEquals(started.begun(), 63);
  started.release();
});

Deno.test("a failed attempt is repeated under the same key, and each attempt is kept", async () => {
  const keys: string[] = [];
  await using started = await startDispatcher((job) => {
    keys.push(job.idempotencyKey);
    return Promise.resolve(job.attempt < 3 ? FAILED : DONE);
  });
  started.dispatcher.configure([route("a")]);
  await started.add(1, "a");
  const [delivery] = await started.settled(1);
  assertEquals([keys.length, new Set(keys).size], [3, 1]);
  const attempts = await started.store.attempts(delivery!.id);
  assertEquals(attempts.map(({ number, outcome, error }) => [number, outcome, error]), [
    [1, "retry", FAILED.error],
    [2, "retry", FAILED.error],
    [3, "done", null],
  ]);
});

Deno.test("a delivery out of attempts becomes a dead letter, and another route is told", async () => {
  const told: string[] = [];
  await using started = await startDispatcher((job) => {
    if (job.plugin !== "alarms") return Promise.resolve(FAILED);
    told.push(job.event.type);
    return Promise.resolve(DONE);
  });
  started.dispatcher.configure([route("a"), route("alarms")]);
  await started.add(1, "a");
  const [dead] = await started.settled(1, "dead");
  assertEquals([dead!.route, dead!.attempts, dead!.error], ["a", 3, FAILED.error]);
  await started.settled(1, "done");
  assertEquals(told, ["relay.delivery.dead"]);
});

Deno.test("a failing route does not hold up another", async () => {
  const stuck = Promise.withResolvers<Result>();
  await using started = await startDispatcher((job) =>
    job.plugin === "a" ? stuck.promise : Promise.resolve(DONE)
  );
  started.dispatcher.configure([route("a", { concurrency: 1 }), route("b")]);
  await started.add(20, "a", "b");
  const done = await started.settled(20);
  assert(done.every((delivery) => delivery.route === "b"));
  stuck.resolve(DONE);
});

Deno.test("deliveries of a route that is not in force wait until it is", async () => {
  await using started = await startDispatcher(() => Promise.resolve(DONE));
  started.dispatcher.configure([route("b")]);
  await started.add(2, "a", "b");
  await started.settled(2);
  assertEquals((await started.store.deliveries({ states: ["pending"] }, { limit: 9 })).length, 2);
  started.dispatcher.configure([route("a"), route("b")]);
  await started.settled(4);
});

Deno.test("while a plugin cannot run its deliveries wait, and no attempt is counted", async () => {
  let ready: number | null = null;
  await using started = await startDispatcher(() => Promise.resolve(ready === 0 ? DONE : null), () => ready);
  started.dispatcher.configure([route("a")]);
  await started.add(2, "a");
  ready = 0;
  started.dispatcher.wake();
  const done = await started.settled(2);
  assertEquals(done.map(({ attempts }) => attempts), [1, 1]);
});

Deno.test("a plugin that tells when it may run is run then", async () => {
  const readyAt = Date.now() + 200;
  await using started = await startDispatcher(
    () => Promise.resolve(DONE),
    () => Date.now() < readyAt ? readyAt : 0,
  );
  started.dispatcher.configure([route("a")]);
  await started.add(1, "a");
  await started.settled(1);
});

Deno.test("a fault of the runner's counts as a failed attempt, and ends in a dead letter", async () => {
  await using started = await startDispatcher((job) => {
    if (job.plugin === "a") throw new RangeError("too deep");
    return Promise.resolve(DONE);
  });
  started.dispatcher.configure([route("a"), route("b")]);
  await started.add(1, "a", "b");
  const [dead] = await started.settled(1, "dead");
  assertEquals([dead!.route, dead!.attempts, dead!.error], ["a", 3, "the relay failed: too deep"]);
  await started.settled(1);
  assertEquals(started.dispatcher.running().size, 0);
});

Deno.test("a dead letter that a fault of the relay's makes is told like any other", async () => {
  await using started = await startDispatcher(() => {
    throw new RangeError("too deep");
  });
  started.dispatcher.configure([route("a")]);
  await started.add(1, "a");
  const [dead] = await started.settled(1, "dead");
  assertEquals(await started.deaths(), [{
    coin: "aave",
    data: {
      route: "a",
      plugin: "a",
      delivery: dead!.id,
      attempts: 3,
      error: "the relay failed: too deep",
      event: { id: "evt-1", type: "cg.coin.listed", source: "cryptosync" },
    },
    routed: 1,
  }]);
});

Deno.test("a fault of the plan's for what is told of a dead letter loses neither", async () => {
  await using started = await startDispatcher(() => Promise.resolve(FAILED), undefined, () => {
    throw new RangeError("no plan");
  });
  started.dispatcher.configure([route("a")]);
  await started.add(1, "a");
  const [dead] = await started.settled(1, "dead");
  assertEquals([dead!.attempts, dead!.error], [3, "the relay failed: no plan"]);
  assertEquals((await started.deaths()).map(({ data, routed }) => [data.delivery, routed]), [[dead!.id, 0]]);
  assertEquals(started.faults.map(String), ["RangeError: no plan"]);
});

Deno.test("what came of an attempt and the store cannot keep is a dead letter that says so, and holds up no other", async () => {
  const kv = [{ key: "k", value: {} as string }]; // nothing that SQLite takes
  const ended = Promise.withResolvers<void>();
  await using started = await startDispatcher(async (job) => {
    if (job.plugin === "alarms") return DONE;
    await ended.promise; // all at once, so that all are written together
    return job.event.id === "evt-2" ? { ...DONE, kv } : DONE;
  });
  started.dispatcher.configure([route("a"), route("alarms")]);
  await started.add(3, "a");
  await until("all run", () => started.dispatcher.running().get("a") === 3);
  ended.resolve();
  const [dead] = await started.settled(1, "dead");
  await started.settled(3); // the others, and what tells of the dead one
  assertEquals(dead!.error?.split(": ")[0], "the store cannot keep what came of it");
  const attempts = await started.store.attempts(dead!.id);
  assertEquals(attempts.map(({ outcome, error }) => [outcome, error]), [["permanent", dead!.error]]);
  assertEquals((await started.deaths()).map(({ data }) => data.event.id), ["evt-2"]);
  assertEquals(started.faults.length, 1);
  assertEquals(started.dispatcher.running().size, 0);
  await until("all are told", () => started.reports.length >= 4);
  const told = started.reports.filter(({ job }) => job.route === "a");
  assertEquals(
    told.map(({ job, settlement: { next, attempt } }) => [job.event.id, next.state, attempt.outcome]).sort(),
    [["evt-1", "done", "done"], ["evt-2", "dead", "permanent"], ["evt-3", "done", "done"]],
  );
});

Deno.test("an attempt that a fault of the relay's ends is told like any other", async () => {
  await using started = await startDispatcher((job) => {
    if (job.plugin === "alarms") return Promise.resolve(DONE);
    throw new RangeError("too deep");
  });
  started.dispatcher.configure([route("a"), route("alarms")]);
  await started.add(1, "a");
  await until("all are told", () => started.reports.length >= 4);
  assertEquals(
    started.reports.map(({ job, settlement: { next } }) => [job.route, job.attempt, next.state]),
    [["a", 1, "pending"], ["a", 2, "pending"], ["a", 3, "dead"], ["alarms", 1, "done"]],
  );
});

Deno.test("an attempt that the plugin could not begin is undone", async () => {
  let refusals = 2;
  await using started = await startDispatcher(() => Promise.resolve(refusals-- > 0 ? null : DONE));
  started.dispatcher.configure([route("a", { concurrency: 1 })]);
  await started.add(1, "a");
  const [delivery] = await started.settled(1);
  assertEquals(delivery!.attempts, 1);
  assertEquals((await started.store.attempts(delivery!.id)).length, 1);
  assert(delivery!.dueAt >= delivery!.createdAt + 1000, "it is not asked for again at once");
});

Deno.test("whoever fails to hear of an attempt keeps others from being told of no other, and no attempt is made again", async () => {
  const ended = Promise.withResolvers<Result>();
  let made = 0;
  await using started = await startDispatcher(() => (made++, ended.promise));
  started.special.observe = ({ job }) => {
    if (job.event.id === "evt-1") throw new RangeError("no room for it");
  };
  started.dispatcher.configure([route("a")]);
  await started.add(3, "a");
  await until("all run", () => made === 3);
  ended.resolve(DONE); // all at once, so that all are written together
  const done = await started.settled(3);
  await until("the others are told", () => started.reports.length >= 2);
  assertEquals(started.reports.map(({ job }) => job.event.id).toSorted(), ["evt-2", "evt-3"]);
  assertEquals(started.faults.map(String), ["RangeError: no room for it"]);
  assertEquals([made, ...done.map(({ attempts }) => attempts)], [3, 1, 1, 1]);
});

Deno.test("a claim whose undoing the store refuses is undone later: no attempt is counted, and none is lost", async () => {
  let made = 0;
  await using started = await startDispatcher(() => Promise.resolve(++made === 1 ? null : DONE));
  const { store, dispatcher, faults } = started;
  const settle = store.settle.bind(store);
  let refusals = 0;
  store.settle = (relay, settlements, now) =>
    settlements.some(({ attempt }) => attempt === null) && ++refusals === 1
      ? Promise.reject(new TypeError("cannot be bound"))
      : settle(relay, settlements, now);
  dispatcher.configure([route("a")]);
  await started.add(1, "a");
  const [delivery] = await started.settled(1);
  assertEquals([made, delivery!.attempts, refusals], [2, 1, 2]);
  assertEquals(faults.map(String), ["TypeError: cannot be bound"]);
});

Deno.test("stopping waits for what runs, and gives back what does not end in time", async () => {
  const slow = Promise.withResolvers<Result>();
  const never = Promise.withResolvers<Result>();
  await using started = await startDispatcher((job) => job.plugin === "slow" ? slow.promise : never.promise);
  started.dispatcher.configure([route("slow"), route("never")]);
  await started.add(1, "slow", "never");
  await until("both run", () => started.dispatcher.running().size === 2);
  const stopped = started.dispatcher.stop(50);
  slow.resolve(DONE);
  await stopped;
  const deliveries = await started.store.deliveries({}, { limit: 9 });
  assertEquals(
    Object.fromEntries(deliveries.map(({ route, state, attempts }) => [route, [state, attempts]])),
    {
      slow: ["done", 1],
      never: ["pending", 1],
    },
  );
  assertEquals(started.reports.map(({ job }) => job.route), ["slow"], "what the stop cut short is no news");
});

Deno.test("a digest's deliveries go out as one event, and succeed or fail together", async () => {
  const jobs: Job[] = [];
  await using started = await startDispatcher((job) => {
    jobs.push(job);
    return Promise.resolve(jobs.length === 1 ? FAILED : DONE);
  });
  const gathering = route("a", { schedule: { digest: { everyMs: 1 }, quietHours: null, timeZone: "UTC" } });
  await started.add(5, "a");
  started.dispatcher.configure([gathering]);
  const done = await started.settled(5);
  assertEquals(jobs.map(({ event }) => event.type), ["relay.digest", "relay.digest"]);
  const ids = (jobs[0]!.event.data["events"] as { id: string }[]).map(({ id }) => id);
  assertEquals(ids, ["evt-1", "evt-2", "evt-3", "evt-4", "evt-5"]);
  assertEquals(jobs[0]!.idempotencyKey, jobs[1]!.idempotencyKey);
  assertEquals(done.map(({ attempts }) => attempts), [2, 2, 2, 2, 2]);
});

Deno.test("what does not fit into a digest goes out in the next, and counts no attempt of the first", async () => {
  const gathered: number[] = [];
  await using started = await startDispatcher((job) => {
    gathered.push((job.event.data["events"] as unknown[] | undefined)?.length ?? 1);
    return Promise.resolve(DONE);
  });
  started.special.text = "x".repeat(300_000);
  await started.add(7, "a");
  const schedule = { digest: { everyMs: 1 }, quietHours: null, timeZone: "UTC" };
  started.dispatcher.configure([route("a", { schedule })]);
  const done = await started.settled(7);
  assertEquals(gathered, [3, 3, 1]);
  assertEquals(done.map(({ attempts }) => attempts), Array(7).fill(1));
});

Deno.test("what an attempt of a digest sent, and what it left out, is kept and told with its first delivery", async () => {
  const sent = [{ what: "POST https://x.example/•••", status: 200, body: "all of it" }];
  await using started = await startDispatcher(() =>
    Promise.resolve({ ...DONE, sent, emitted: [{ type: "x", data: {} }] })
  );
  started.special.depth = MAX_DEPTH;
  await started.add(3, "a");
  const schedule = { digest: { everyMs: 1 }, quietHours: null, timeZone: "UTC" };
  started.dispatcher.configure([route("a", { schedule })]);
  await until("all are told", () => started.reports.length >= 3);
  const bodies = started.reports.map(({ settlement }) => settlement.attempt.sent.map(({ body }) => body));
  assertEquals(bodies, [["all of it"], [""], [""]]);
  assertEquals(started.reports.map(({ chainCut }) => chainCut), [true, false, false]);
});

Deno.test("digests of two routes that fall due together go out each by itself", async () => {
  const jobs: Job[] = [];
  await using started = await startDispatcher((job) => (jobs.push(job), Promise.resolve(DONE)));
  await started.add(3, "a", "b");
  const schedule = { digest: { everyMs: 1 }, quietHours: null, timeZone: "UTC" };
  started.dispatcher.configure([route("a", { schedule }), route("b", { schedule })]);
  await started.settled(6);
  const gathered = jobs.map(({ route, event }) => [route, (event.data["events"] as unknown[]).length]);
  assertEquals(gathered.toSorted(), [["a", 3], ["b", 3]]);
});

Deno.test("a digest waits until the one before it has ended", async () => {
  const first = Promise.withResolvers<Result>();
  const gathered: number[] = [];
  await using started = await startDispatcher((job) => {
    if (job.plugin === "b") return Promise.resolve(DONE);
    gathered.push((job.event.data["events"] as unknown[]).length);
    return gathered.length === 1 ? first.promise : Promise.resolve(DONE);
  });
  await started.add(2, "a");
  const schedule = { digest: { everyMs: 1 }, quietHours: null, timeZone: "UTC" };
  started.dispatcher.configure([route("a", { schedule }), route("b")]);
  await until("the first runs", () => gathered.length === 1);
  await started.add(3, "a", "b");
  await started.settled(3);
  assertEquals(gathered, [2]);
  first.resolve(DONE);
  await started.settled(8);
  assertEquals(gathered, [2, 3]);
});

Deno.test("a digest that dies is told once for each delivery, each naming its own event", async () => {
  await using started = await startDispatcher(() => Promise.resolve({ ...FAILED, outcome: "permanent" }));
  await started.add(3, "a");
  const schedule = { digest: { everyMs: 1 }, quietHours: null, timeZone: "UTC" };
  started.dispatcher.configure([route("a", { schedule })]);
  const dead = await started.settled(3, "dead");
  const deaths = await started.deaths();
  assertEquals(deaths.map(({ data }) => data.event.id).sort(), ["evt-1", "evt-2", "evt-3"]);
  assertEquals(
    deaths.map(({ data }) => data.delivery).sort(),
    dead.map(({ id }) => id).sort(),
  );
  assertEquals(deaths.map(({ routed }) => routed), [1, 1, 1]);
});
