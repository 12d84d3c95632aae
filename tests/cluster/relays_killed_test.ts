/**
 * Three relays on one PostgreSQL, killed in turn while the provider sends. `CLUSTER_EVENTS=20000 CLUSTER_KILLS=60` in the
 * environment makes it longer.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { LEASE_MS, LEASE_VARIABLE } from "../../lib/dispatch/leases.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/contract.ts";
import { seeded } from "../store/fixtures.ts";
import { withPostgres } from "../support/postgres.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, type RelayProcess } from "../support/relay_process.ts";
import { until } from "../support/until.ts";
import { deliver } from "./provider.ts";

const EVENTS = Number(Deno.env.get("CLUSTER_EVENTS") ?? 300);
const KILLS = Number(Deno.env.get("CLUSTER_KILLS") ?? 5);
const COINS = 30;
const RELAYS = 3;

interface Arrival {
  id: string;
  coin: string;
}

interface Outcome {
  sent: number;
  tries: number;
  kills: number;
  arrivals: Arrival[];
  store: Store;
}

await withPostgres((postgres) => {
  let schemas = 0;

  /** Sends `EVENTS` events to three relays, of which `kills` are killed meanwhile, and waits until all are acted on. */
  async function run(kills: number, check: (outcome: Outcome) => Promise<void>) {
    const random = seeded(11);
    const url = postgres.url(`killed_${++schemas}`);
    const arrivals: Arrival[] = [];
    await using receiver = startReceiver(async ({ text }) => {
      const { id, coin } = JSON.parse(text);
      arrivals.push({ id, coin: coin.id });
      await new Promise((resolve) => setTimeout(resolve, random() * 150)); // so that much runs when a relay is killed
      return new Response("ok");
    });
    const route = {
      ...{
        name: "out",
        plugin: "http",
        options: { url: receiver.url },
        events: ["cg.*"],
        order: "coin",
        concurrency: 8,
      },
      retry: { minDelaySeconds: 0.05, maxDelaySeconds: 0.2, maxAttempts: 1000 },
    };
    // What a killed relay ran is given back when its lease ends; where none is killed, none must end.
    const env: Record<string, string> = kills > 0 ? { [LEASE_VARIABLE]: "6" } : {};
    const newFolder = () => createRelayFolder({ config: { store: url, routes: [route] }, env });
    await using one = await newFolder();
    await using two = await newFolder();
    await using three = await newFolder();
    const folders = [one, two, three];
    const relays: RelayProcess[] = await Promise.all(folders.map((folder) => folder.start()));
    const choose = () => relays[Math.floor(random() * RELAYS)]!;

    let tries = 0, sent = 0, killed = 0;
    const sending = Promise.all(Array.from({ length: COINS }, async (_, coin) => {
      for (let index = coin; index < EVENTS; index += COINS) {
        const tried = await deliver(choose, `event-${String(index).padStart(6, "0")}`, `coin-${coin}`);
        tries += tried;
        sent++;
      }
    }));
    const killing = (async () => {
      while (killed < kills) {
        // At points of the way that are spread over it, whatever the machine's speed.
        const due = Math.floor((killed + random()) * EVENTS / kills);
        await until("it is time for a kill", () => sent >= due, 600_000);
        const victim = killed++ % RELAYS;
        await relays[victim]!.kill();
        relays[victim] = await folders[victim]!.start();
      }
    })();
    await Promise.all([sending, killing]);
    const patience = LEASE_MS + 60_000 + EVENTS * 20;
    const distinct = () => new Set(arrivals.map(({ id }) => id)).size;
    await until("all are acted on", () => distinct() === EVENTS, patience);
    const store = await openStore(url, "/", { shared: true });
    try {
      const allDone = async () => (await store.counts()).every(({ state }) => state === "done");
      await until("all are done", allDone, patience);
      await check({ sent, tries, kills: killed, arrivals, store });
    } finally {
      await store.close();
    }
    for (const relay of relays) assertEquals(await relay.stop(), 0);
  }

  function assertOrder(arrivals: readonly Arrival[]) {
    const newest = new Map<string, string>();
    for (const { id, coin } of arrivals) {
      const before = newest.get(coin) ?? "";
      assert(id >= before, `${id} after ${before} of ${coin}`);
      newest.set(coin, id);
    }
  }

  Deno.test("three relays on one PostgreSQL, none killed: each event is acted on once, each coin's in order", async () => {
    await run(0, async ({ sent, arrivals, store }) => {
      assertEquals([sent, arrivals.length], [EVENTS, EVENTS]);
      assertOrder(arrivals);
      assertEquals((await store.counts()).map(({ count }) => count), [EVENTS]);
    });
  });

  Deno.test("three relays on one PostgreSQL, killed in turn: each event is acted on, twice only where it ran", async () => {
    await run(KILLS, async ({ sent, tries, kills, arrivals, store }) => {
      assertEquals(sent, EVENTS);
      assertOrder(arrivals);
      const times = new Map<string, number>();
      for (const { id } of arrivals) times.set(id, (times.get(id) ?? 0) + 1);
      const twice = [...times].filter(([, count]) => count > 1);
      for (const [id, count] of twice) {
        const { seq } = (await store.event({ id }))!;
        const [delivery] = await store.deliveries({ events: [seq] }, { limit: 2 });
        const outcomes = (await store.attempts(delivery!.id)).map(({ outcome }) => outcome);
        const interrupted = outcomes.filter((outcome) => outcome === "interrupted").length;
        assert(interrupted >= count - 1, `${id} was acted on ${count} times, its attempts: ${outcomes}`);
      }
      console.log(
        `${kills} kills, ${sent} events taken in ${tries} tries: 0 lost, ${twice.length} acted on more than once, ` +
          "each of which ran when its relay was killed",
      );
    });
  });
});
