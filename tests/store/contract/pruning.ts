import { assert, assertEquals } from "@std/assert";
import type { Register } from "../contract.ts";
import { anEvent, asking, drain, ending, put } from "../fixtures.ts";

export function pruning(test: Register): void {
  test("prune deletes old events with all that hangs on them", async (store) => {
    for (let index = 0; index < 5; index++) {
      await put(store, `${index}`, undefined, { receivedAt: 1000 + index });
    }
    await drain(store, 2000);
    assertEquals(await store.prune(1003, 1003, 100), 3);
    assertEquals((await store.events({}, { limit: 10 })).map(({ id }) => id), ["4", "3"]);
    const left = await store.deliveries({}, { limit: 10 });
    assertEquals(left.map(({ id }) => id), [5, 4]);
    assertEquals(await store.attempts(1), []);
    assertEquals((await store.attempts(4)).length, 1);
    assertEquals((await store.counts()).map(({ count }) => count), [2]);
    assertEquals(await store.prune(1003, 1003, 100), 0);
  });

  test("prune deletes up to its limit, and fewer only when none is left", async (store) => {
    await store.append(Array.from({ length: 1000 }, (_, index) => anEvent(`${index}`)));
    assertEquals(await store.prune(2000, 0, 300), 300);
    assertEquals(await store.prune(2000, 0, 300), 300);
    assertEquals(await store.prune(2000, 0, 500), 400);
    assertEquals(await store.prune(2000, 0, 500), 0);
  });

  test("prune spares what a pending, running or undiscarded dead delivery needs", async (store) => {
    for (const id of ["done", "dead", "discarded", "running", "pending"]) await put(store, id);
    const { claimed } = await store.claim(asking({ limit: 4 }));
    await store.settle(
      "one",
      [ending(claimed[0]!), ending(claimed[1]!, "dead"), ending(claimed[2]!, "dead")],
      1000,
    );
    await store.discard({ ids: [claimed[2]!.delivery.id] }, 1000);
    assertEquals(await store.prune(5000, 5000, 100), 2);
    assertEquals((await store.events({}, { limit: 10 })).map(({ id }) => id), ["pending", "running", "dead"]);
    await store.discard({}, 1000);
    assertEquals(await store.prune(5000, 5000, 100), 1, "no longer needed");
  });

  test("prune passes by many that are needed, and leaves what finds them", async (store, reopen) => {
    const needed = Array.from(
      { length: 600 },
      (_, index) =>
        anEvent(`needed ${index}`, { deliveries: [{ route: "slack", matched: null, dueAt: 1000 }] }),
    );
    await store.append(needed);
    await store.append(Array.from({ length: 50 }, (_, index) => anEvent(`old ${index}`)));
    assertEquals(await store.prune(5000, 5000, 40), 40);
    assertEquals(await store.prune(5000, 5000, 40), 10);
    for (const filter of [{}, { coin: "btc" }, { source: "cryptosync" }]) {
      assertEquals((await store.events(filter, { limit: 1000 })).length, 600, JSON.stringify(filter));
    }
    store = await reopen();
    assertEquals((await store.append(needed)).filter(({ result }) => result === "accepted"), []);
  });

  test("ids of deleted events are known until they may be forgotten", async (store, reopen) => {
    for (const [index, id] of ["a", "b", "c"].entries()) {
      await put(store, id, [], { receivedAt: 1000 + index });
    }
    assertEquals(await store.prune(5000, 1001, 100), 3);
    store = await reopen();
    const answers = async () =>
      (await store.append(["a", "b", "c"].map((id) => anEvent(id, { receivedAt: 9000 })))).map((one) =>
        one.result
      );
    assertEquals(await answers(), ["accepted", "duplicate", "duplicate"]);
    assertEquals((await store.append([anEvent("b", { source: "other" })]))[0]?.result, "accepted");
    await store.prune(5000, 1002, 100);
    assertEquals(await answers(), ["duplicate", "accepted", "duplicate"]);
  });

  test(
    "seq and delivery ids are not given again, even when the newest are deleted",
    async (store, reopen) => {
      const before = await put(store, "a");
      const [delivery] = await store.deliveries({}, { limit: 1 });
      await drain(store, 1000);
      await store.prune(5000, 5000, 10);
      assertEquals(await store.events({}, { limit: 1 }), []);
      store = await reopen();
      assert(await put(store, "b") > before);
      assert((await store.deliveries({}, { limit: 1 }))[0]!.id > delivery!.id);
    },
  );
}
