import { assertEquals } from "@std/assert";
import { planReplay, type ReplayChoice } from "../../lib/commands/plan_replay.ts";
import { createRouteTable } from "../../lib/route/table.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/contract.ts";

/** Events 1 to 5; the routes `names` and `links` each have a delivery of what they take, all done but where said. */
async function startStore() {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  const event = (n: number, coin: string, fields: string[], routes: Record<string, number[] | null>) => ({
    source: n === 5 ? "other" : "cryptosync",
    id: `evt-${n}`,
    type: "cg.coin.info.updated",
    coin,
    receivedAt: n * 1000,
    timestamp: "1776066000",
    signature: "00",
    body: new TextEncoder().encode(JSON.stringify({
      event_type: "cg.coin.info.updated",
      data: { id: coin, changes: fields.map((field) => ({ field, change_type: "update" })) },
    })),
    test: false,
    depth: 0,
    deliveries: Object.entries(routes).map(([route, matched]) => ({ route, matched, dueAt: 0 })),
  });
  await store.append([
    event(1, "aave", ["name", "links.homepage"], { names: [0], links: [1] }),
    event(2, "aave", ["name"], { names: [0] }),
    event(3, "maker", ["links.chat_url"], { links: [0] }),
    event(4, "maker", ["symbol"], {}),
    event(5, "aave", ["name"], { names: null }),
  ]);
  await claimAndEnd(store, (n) => n === 3 ? "dead" : "done");
  return {
    store,
    async plan(choice: Partial<ReplayChoice>) {
      const found: string[] = [];
      let underway = 0;
      for await (const step of planReplay(store, { dead: false, to: null, ...choice })) {
        underway += step.underway;
        found.push(
          ...step.wishes.map(({ event, route, matched, replayOf }) =>
            `${event} ${route} ${JSON.stringify(matched)}${replayOf === null ? "" : ` of ${replayOf}`}`
          ),
        );
      }
      return underway === 0 ? found : [...found, `${underway} underway`];
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function claimAndEnd(store: Store, fate: (event: number) => "done" | "dead") {
  const route = (name: string) => ({ route: name, limit: 100, order: "any" as const, rate: null });
  const { claimed } = await store.claim({
    relay: "r",
    now: 9000,
    leaseUntil: 10_000,
    routes: [route("names"), route("links")],
  });
  await store.settle(
    "r",
    claimed.map(({ delivery }) => ({
      delivery: delivery.id,
      attempt: { number: 1, startedAt: 9000, durationMs: 1, outcome: "done" as const, error: null, sent: [] },
      next: { state: fate(delivery.event) },
      route: delivery.route,
      kv: [],
      emitted: [],
    })),
    9000,
  );
}

Deno.test("a replay is planned by every part of the choice, oldest event first", async () => {
  await using at = await startStore();
  assertEquals(await at.plan({}), [
    "1 names [0] of 1",
    "1 links [1] of 2",
    "2 names [0] of 3",
    "3 links [0] of 4",
    "5 names null of 5",
  ]);
  assertEquals(await at.plan({ eventId: "evt-2" }), ["2 names [0] of 3"]);
  assertEquals(await at.plan({ routes: ["links"] }), ["1 links [1] of 2", "3 links [0] of 4"]);
  assertEquals(await at.plan({ coin: "aave", routes: ["links"] }), ["1 links [1] of 2"]);
  assertEquals(await at.plan({ source: "other" }), ["5 names null of 5"]);
  assertEquals(await at.plan({ since: 2000, until: 4000 }), ["2 names [0] of 3", "3 links [0] of 4"]);
  assertEquals(await at.plan({ type: "cg.coin.listed" }), []);
  assertEquals(await at.plan({ dead: true }), ["3 links [0] of 4"]);
  assertEquals(await at.plan({ dead: true, coin: "aave" }), []);
});

Deno.test("a field chooses the deliveries that were about it, not the others of the event", async () => {
  await using at = await startStore();
  assertEquals(await at.plan({ fields: ["links.*"] }), ["1 links [1] of 2", "3 links [0] of 4"]);
  assertEquals(await at.plan({ fields: ["name"] }), [
    "1 names [0] of 1",
    "2 names [0] of 3",
    "5 names null of 5",
  ]);
});

Deno.test("to another route go the events that it takes, with the changes that it takes", async () => {
  await using at = await startStore();
  const table = createRouteTable([{ name: "fresh", fields: ["links.*", "symbol"] }]);
  const to = { route: "fresh", match: table.match };
  assertEquals(await at.plan({ to }), ["1 fresh [1]", "3 fresh [0]", "4 fresh [0]"]);
  assertEquals(await at.plan({ to, fields: ["symbol"] }), ["4 fresh [0]"]);
  assertEquals(await at.plan({ to, routes: ["links"] }), ["1 fresh [1]", "3 fresh [0]"]);
  assertEquals(await at.plan({ to, dead: true }), ["3 fresh [0]"]);
});

Deno.test("a replay leaves out what waits already, and what a replay has mended is dead no more", async () => {
  await using at = await startStore();
  const [id] = await at.store.replay([{ event: 3, route: "links", matched: [0], replayOf: 4 }], 9000);
  assertEquals(await at.plan({ routes: ["links"] }), ["1 links [1] of 2", "1 underway"]);
  assertEquals(await at.plan({ dead: true }), []);
  await claimAndEnd(at.store, () => "dead");
  assertEquals(await at.plan({ dead: true }), [`3 links [0] of ${id}`]);
});
