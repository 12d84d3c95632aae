import { assertEquals } from "@std/assert";
import type { Store } from "../../lib/store/contract.ts";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { createTeller } from "../../lib/teller.ts";
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
    async [Symbol.asyncDispose]() {
      watchdog.stop();
      await teller.stop();
    },
  };
}

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
    const event = {
      source: "s",
      id: `evt-${n}`,
      type: null,
      coin: null,
      receivedAt: now - MINUTE,
      timestamp: "",
    };
    await at.store.append([{
      ...event,
      signature: "",
      body: new Uint8Array(),
      test: false,
      depth: 0,
      deliveries: [],
    }]);
    quiet.look();
    await new Promise((resolve) => setTimeout(resolve));
  }
  await quiet.teller.stop();
  assertEquals(await silences(at.store), []);
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
