import { assertEquals } from "@std/assert";
import type { Register } from "../contract.ts";
import { asking, ending, ids, put } from "../fixtures.ts";

export function pacing(test: Register): void {
  const rate = { count: 2, perMs: 1000 };

  test("rate: no more than its count in any stretch of its time", async (store) => {
    for (let id = 0; id < 5; id++) await put(store, `${id}`);
    const first = await store.claim(asking({ rate, now: 10_000 }));
    assertEquals([ids(first.claimed), first.nextDueAt], [["0", "1"], 11_000]);
    assertEquals(await store.claim(asking({ rate, now: 10_999 })), { claimed: [], nextDueAt: 11_000 });
    assertEquals(ids((await store.claim(asking({ rate, now: 11_000 }))).claimed), ["2", "3"]);
  });

  test("rate: claims apart in time become free apart in time", async (store) => {
    for (let id = 0; id < 5; id++) await put(store, `${id}`);
    await store.claim(asking({ rate, now: 10_000, limit: 1 }));
    await store.claim(asking({ rate, now: 10_600, limit: 1 }));
    assertEquals((await store.claim(asking({ rate, now: 10_900 }))).claimed, []);
    const third = await store.claim(asking({ rate, now: 11_000 }));
    assertEquals([ids(third.claimed), third.nextDueAt], [["2"], 11_600]);
  });

  test("rate: held by all relays together, and across a restart", async (store, reopen) => {
    for (let id = 0; id < 5; id++) await put(store, `${id}`);
    await store.claim(asking({ rate, now: 10_000, relay: "one", limit: 1 }));
    await store.claim(asking({ rate, now: 10_000, relay: "two", limit: 1 }));
    assertEquals((await store.claim(asking({ rate, now: 10_500, relay: "three" }))).claimed, []);
    store = await reopen();
    assertEquals((await store.claim(asking({ rate, now: 10_500 }))).claimed, []);
    assertEquals((await store.claim(asking({ rate, now: 11_000 }))).claimed.length, 2);
  });

  test("rate: a claim that was undone does not count, and others count as long as before", async (store) => {
    for (let id = 0; id < 5; id++) await put(store, `${id}`);
    const { claimed: [undone] } = await store.claim(asking({ rate, now: 10_000, limit: 1 }));
    await store.claim(asking({ rate, now: 10_600, limit: 1 }));
    await store.settle("one", [ending(undone!, { dueAt: 10_900 }, { attempt: null })], 10_600);
    assertEquals(ids((await store.claim(asking({ rate, now: 10_900 }))).claimed), ["2"]);
    assertEquals((await store.claim(asking({ rate, now: 11_000 }))).nextDueAt, 11_600);
  });

  test("rate: claims of several routes that were undone together are taken back, each of its own route's", async (store) => {
    for (let id = 0; id < 4; id++) await put(store, `${id}`, ["slack", "mail"]);
    const slack = await store.claim(asking({ rate, now: 10_000, route: "slack" }));
    const mail = await store.claim(asking({ rate, now: 10_000, route: "mail" }));
    const undone = [...slack.claimed, mail.claimed[0]!];
    await store.settle("one", undone.map((one) => ending(one, "pending", { attempt: null })), 10_000);
    const left = async (route: string) =>
      (await store.claim(asking({ rate, now: 10_000, route }))).claimed.length;
    assertEquals([await left("slack"), await left("mail")], [2, 1]);
  });

  test("rate: each route has its own", async (store) => {
    for (let id = 0; id < 3; id++) await put(store, `${id}`, ["slack", "mail"]);
    assertEquals((await store.claim(asking({ rate, route: "slack" }))).claimed.length, 2);
    assertEquals((await store.claim(asking({ rate, route: "mail" }))).claimed.length, 2);
  });

  test("rate: a clock that is set back an hour delays by no more than the rate's time", async (store) => {
    for (let id = 0; id < 4; id++) await put(store, `${id}`);
    await store.claim(asking({ rate, now: 7_200_000 }));
    const { claimed, nextDueAt } = await store.claim(asking({ rate, now: 3_600_000 }));
    assertEquals(claimed, []);
    assertEquals(nextDueAt! <= 3_601_020, true);
    assertEquals((await store.claim(asking({ rate, now: nextDueAt! }))).claimed.length, 2);
  });

  test("rate: nothing waits when nothing is pending", async (store) => {
    await put(store, "a");
    assertEquals((await store.claim(asking({ rate: { count: 1, perMs: 1000 } }))).nextDueAt, null);
  });
}
