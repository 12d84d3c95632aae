import { assertEquals } from "@std/assert";
import type { Register } from "../contract.ts";
import { asking, drain, ending, ids, planned, put } from "../fixtures.ts";

export function ordering(test: Register): void {
  const coins = { btc: { coin: "btc" }, eth: { coin: "eth" }, none: { coin: null } };

  test("order coin: one of each coin at a time, in the order received", async (store) => {
    await put(store, "btc 1", undefined, coins.btc);
    await put(store, "btc 2", undefined, coins.btc);
    await put(store, "eth 1", undefined, coins.eth);
    await put(store, "none 1", undefined, coins.none);
    await put(store, "none 2", undefined, coins.none);
    const first = await store.claim(asking({ order: "coin" }));
    assertEquals(ids(first.claimed), ["btc 1", "eth 1", "none 1"]);
    assertEquals(ids((await store.claim(asking({ order: "coin", relay: "two" }))).claimed), []);
    await store.settle("one", [ending(first.claimed[0]!)], 1000);
    assertEquals(ids((await store.claim(asking({ order: "coin", relay: "two" }))).claimed), ["btc 2"]);
  });

  test("order coin: a delivery that is tried again later holds its coin's others back", async (store) => {
    for (const id of ["1", "2"]) await put(store, id);
    const { claimed: [one] } = await store.claim(asking({ order: "coin" }));
    await store.settle("one", [ending(one!, { dueAt: 5000 })], 1000);
    assertEquals(await store.claim(asking({ order: "coin", now: 4999 })), { claimed: [], nextDueAt: 5000 });
    assertEquals(await drain(store, 5000, "coin"), ["1", "2"]);
  });

  test("order coin: a dead delivery does not block", async (store) => {
    for (const id of ["1", "2"]) await put(store, id);
    const { claimed: [one] } = await store.claim(asking({ order: "coin" }));
    await store.settle("one", [ending(one!, "dead")], 1000);
    assertEquals(await drain(store, 1000, "coin"), ["2"]);
  });

  test("order coin: discarding the first of those that wait lets the next go first", async (store) => {
    for (const id of ["1", "2", "3", "4"]) await put(store, id);
    await store.claim(asking({ order: "coin", now: 0 })); // it keeps order from now on
    const waiting = (await store.deliveries({}, { limit: 4 })).map(({ id }) => id).reverse();
    const routes: string[] = [];
    store.onCommit((news) => routes.push(...news.routes));
    assertEquals(await store.discard({ ids: [waiting[0]!, waiting[2]!], states: ["pending"] }, 1000), 2);
    assertEquals([...new Set(routes)], ["slack"]); // what was put may be news still
    assertEquals(await drain(store, 1000, "coin"), ["2", "4"]);
  });

  test("order coin: a dead delivery that is retried waits for its turn", async (store) => {
    for (const id of ["1", "2", "3"]) await put(store, id);
    const { claimed: [one] } = await store.claim(asking({ order: "coin" }));
    await store.settle("one", [ending(one!, "dead")], 1000);
    const { claimed: [two] } = await store.claim(asking({ order: "coin" }));
    assertEquals(two?.event.id, "2");
    await store.retry({ ids: [one!.delivery.id] }, 1000);
    assertEquals((await store.claim(asking({ order: "coin" }))).claimed, []);
    await store.settle("one", [ending(two!)], 1000);
    assertEquals(await drain(store, 1000, "coin"), ["1", "3"]);
  });

  test("order coin: a replay goes behind what waits", async (store) => {
    const seq = await put(store, "1");
    assertEquals(await drain(store, 1000, "coin"), ["1"]);
    await put(store, "2");
    await store.replay([{ event: seq, route: "slack", matched: null, replayOf: 1 }], 1000);
    assertEquals(ids((await store.claim(asking({ order: "coin" }))).claimed), ["2"]);
  });

  test("order coin: the news of a settlement tell that the coin's next is due", async (store) => {
    for (const id of ["1", "2"]) await put(store, id);
    const { claimed: [one] } = await store.claim(asking({ order: "coin" }));
    const routes: string[] = [];
    store.onCommit((news) => routes.push(...news.routes));
    await store.settle("one", [ending(one!)], 1000);
    assertEquals(routes, ["slack"]);
  });

  test("order coin holds across a restart", async (store, reopen) => {
    for (const id of ["1", "2", "3"]) await put(store, id);
    await store.claim(asking({ order: "coin", leaseUntil: 2000 }));
    store = await reopen();
    assertEquals(ids((await store.claim(asking({ order: "coin", now: 2000 }))).claimed), ["1"]);
  });

  test("order coin holds for what waited before the route asked for it", async (store) => {
    for (const id of ["1", "2", "3", "4"]) await put(store, id);
    await put(store, "eth", undefined, coins.eth);
    const { claimed } = await store.claim(asking({ limit: 2 }));
    assertEquals(
      ids((await store.claim(asking({ order: "coin" }))).claimed),
      ["eth"],
      "two of btc still run",
    );
    await store.settle("one", [ending(claimed[1]!)], 1000);
    assertEquals((await store.claim(asking({ order: "coin" }))).claimed, []);
    await store.settle("one", [ending(claimed[0]!)], 1000);
    assertEquals(ids((await store.claim(asking({ order: "coin" }))).claimed), ["3"]);
  });

  test("a route that asks for order no longer runs freely", async (store) => {
    for (const id of ["1", "2", "3"]) await put(store, id);
    assertEquals(ids((await store.claim(asking({ order: "coin" }))).claimed), ["1"]);
    assertEquals(ids((await store.claim(asking({ order: "any" }))).claimed), ["2", "3"]);
    await put(store, "4");
    assertEquals(ids((await store.claim(asking({ order: "any" }))).claimed), ["4"]);
  });

  test("order is each route's own", async (store) => {
    for (const id of ["1", "2"]) {
      await put(store, id, [], { deliveries: [planned("slack"), planned("mail")] });
    }
    assertEquals(ids((await store.claim(asking({ order: "coin" }))).claimed), ["1"]);
    assertEquals(ids((await store.claim(asking({ route: "mail" }))).claimed), ["1", "2"]);
  });
}
