import { assertEquals } from "@std/assert";
import type { Receipt } from "../../lib/receive/receiver.ts";
import { type NewEvent, type Store, StoreUnavailable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { createTeller } from "../../lib/watchdog/teller.ts";
import { startWatchdog } from "../../lib/watchdog.ts";
import { until } from "../support/until.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 6, 24);

async function tempStore() {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A relay's watchdog on a store, with the test's clock. */
async function startOn(
  store: Store,
  now: () => number,
  append = (event: Parameters<Store["append"]>[0][number]) => store.append([event]),
) {
  const source = { name: "s", path: "/webhook", secrets: ["x"], maxAgeSeconds: 300, silentMinutes: 60 };
  const teller = createTeller({ append, plan: () => [], now, onFault: () => {} });
  const watchdog = await startWatchdog({
    store,
    config: () => ({ sources: [source] }),
    plugins: () => [],
    teller,
    now,
  });
  return {
    look: watchdog.look,
    teller,
    /** A delivery arrives; null: it is taken. */
    receives: (id: string, reason: Receipt["reason"], authentic = true, test = false) =>
      watchdog.receipt({
        ...{ source: "s", at: now(), result: reason === null ? "accepted" : "rejected", reason },
        ...{ authentic, test, headers: { id, timestamp: String(now() / 1000), signature: "00" } },
        ...{ body: new Uint8Array(), notUnderstood: null, tookMs: 1 },
      }),
    async [Symbol.asyncDispose]() {
      watchdog.stop();
      await teller.stop();
    },
  };
}

const event = (id: string, receivedAt: number): NewEvent => ({
  ...{ source: "s", id, type: null, coin: null, receivedAt, timestamp: "", signature: "" },
  ...{ body: new Uint8Array(), test: false, depth: 0, deliveries: [] },
});

const silences = (store: Store) => store.events({ type: "relay.source.silent" }, { limit: 9 });

Deno.test("two relays on a store tell a silence once", async () => {
  let now = START;
  await using at = await tempStore();
  await using one = await startOn(at.store, () => now);
  await using two = await startOn(at.store, () => now);
  now += 61 * MINUTE;
  one.look();
  two.look();
  await until("it is told", async () => (await silences(at.store)).length > 0);
  one.look();
  await two.teller.stop();
  assertEquals((await silences(at.store)).length, 1);
});

Deno.test("a relay that hears nothing tells no silence while another on the same store hears the source", async () => {
  let now = START;
  await using at = await tempStore();
  await using quiet = await startOn(at.store, () => now);
  for (let n = 0; n < 5; n++) {
    now += 40 * MINUTE;
    await at.store.append([event(`evt-${n}`, now - MINUTE)]);
    quiet.look();
    await new Promise((resolve) => setTimeout(resolve));
  }
  await quiet.teller.stop();
  assertEquals(await silences(at.store), []);
});

const silenceStates = async (store: Store) =>
  (await store.events({ type: "relay.source.silent" }, { after: 0, limit: 9 }))
    .map(({ body }) => JSON.parse(new TextDecoder().decode(body)).data.state);

Deno.test("a test is not the voice of a source: it neither delays the telling of a silence nor ends one", async () => {
  let now = START;
  await using at = await tempStore();
  await at.store.append([event("evt-1", now)]);
  const aTest = async (relay: Awaited<ReturnType<typeof startOn>>, id: string) => {
    await at.store.append([{ ...event(id, now), test: true }]);
    relay.receives(id, null, true, true);
  };
  {
    await using before = await startOn(at.store, () => now);
    now += 50 * MINUTE;
    for (let n = 0; n < 30; n++) await aTest(before, `test-${n}`);
  }
  await using relay = await startOn(at.store, () => now); // which finds in the store what was heard
  now += 11 * MINUTE;
  await lookOut(relay, at.store);
  assertEquals(await silenceStates(at.store), ["silent"]);
  await aTest(relay, "test-31");
  await lookOut(relay, at.store);
  assertEquals(await silenceStates(at.store), ["silent"]);
  relay.receives("evt-2", null);
  await relay.teller.stop();
  assertEquals(await silenceStates(at.store), ["silent", "heard"]);
});

const rejections = async (store: Store) =>
  (await store.events({ type: "relay.source.rejecting" }, { after: 0, limit: 9 }))
    .map(({ body }) => JSON.parse(new TextDecoder().decode(body)).data.state);

/** Looks, and waits until what the look asked the store for was answered. */
async function lookOut(relay: Awaited<ReturnType<typeof startOn>>, store: Store) {
  relay.look();
  await store.counts(); // the store answers in turn
  await new Promise((resolve) => setTimeout(resolve));
  await relay.teller.stop();
}

Deno.test("what one relay refused and another on the same store took is told as taken, and not a day later as given up", async () => {
  let now = START;
  await using at = await tempStore();
  await using one = await startOn(at.store, () => now);
  one.receives("evt-1", "store_unavailable");
  await until("it is told", async () => (await rejections(at.store)).length === 1);
  now += MINUTE;
  await at.store.append([event("evt-1", now)]); // by the other, to which the balancer sent the next try
  now += MINUTE;
  one.look();
  await until("its end is told", async () => (await rejections(at.store)).length === 2);
  for (let hour = 0; hour < 30; hour++) {
    now += 60 * MINUTE;
    await lookOut(one, at.store);
  }
  assertEquals(await rejections(at.store), ["rejecting", "recovered"]);
});

Deno.test("a test that another relay took ends no trouble", async () => {
  let now = START;
  await using at = await tempStore();
  await using one = await startOn(at.store, () => now);
  for (let n = 0; n < 5; n++) one.receives(`evt-${n}`, "bad_signature", false);
  await until("it is told", async () => (await rejections(at.store)).length === 1);
  now += MINUTE;
  await at.store.append([{ ...event("test-1", now), test: true }]);
  now += MINUTE;
  await lookOut(one, at.store);
  assertEquals(await rejections(at.store), ["rejecting"]);
  await at.store.append([event("evt-9", now), { ...event("test-2", now), test: true }]);
  now += MINUTE;
  await lookOut(one, at.store);
  assertEquals(await rejections(at.store), ["rejecting", "recovered"]);
});

Deno.test("a stored event whose further tries are refused is none that another relay took", async () => {
  let now = START;
  await using at = await tempStore();
  await using one = await startOn(at.store, () => now);
  await at.store.append([event("evt-1", now)]); // its answer got lost
  now += 10 * MINUTE;
  one.receives("evt-1", "stale_timestamp");
  for (let hour = 0; hour < 25; hour++) {
    now += 60 * MINUTE;
    await lookOut(one, at.store);
  }
  assertEquals((await rejections(at.store)).at(-1), "gave_up");
});

Deno.test("what is told while the store is away is stored as soon as it is back, in the order of telling", async () => {
  let away = true;
  await using at = await tempStore();
  await using relay = await startOn(
    at.store,
    () => START,
    (event) => away ? Promise.reject(new StoreUnavailable("away")) : at.store.append([event]),
  );
  for (const n of [1, 2, 3]) relay.teller.tell("relay.test", { n });
  assertEquals(await at.store.events({}, { limit: 9 }), []);
  away = false;
  await until("all is stored", async () => (await at.store.events({}, { limit: 9 })).length === 3);
  const told = await at.store.events({}, { after: 0, limit: 9 });
  assertEquals(told.map(({ body }) => JSON.parse(new TextDecoder().decode(body)).data.n), [1, 2, 3]);
});
