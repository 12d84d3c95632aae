import { assert, assertEquals } from "@std/assert";
import type { Register } from "../contract.ts";
import { anEvent, asking, ending, planned, put } from "../fixtures.ts";

export function settling(test: Register): void {
  test("settle ends a delivery as done, with its attempt", async (store) => {
    await put(store, "a");
    const { claimed: [one] } = await store.claim(asking());
    assert(one);
    const settlement = ending(one);
    assertEquals(await store.settle("one", [settlement], 1234), [true]);
    const after = await store.delivery(one.delivery.id);
    assertEquals(after, { ...one.delivery, state: "done", finishedAt: 1234 });
    assertEquals(await store.attempts(one.delivery.id), [settlement.attempt!]);
    assertEquals((await store.claim(asking({ now: 9_000_000 }))).claimed, []);
  });

  test("settle makes a dead letter, and keeps what the attempt said", async (store) => {
    await put(store, "a");
    const { claimed: [one] } = await store.claim(asking());
    await store.settle("one", [ending(one!, "dead")], 1234);
    const after = await store.delivery(one!.delivery.id);
    assertEquals([after?.state, after?.finishedAt, after?.error], ["dead", 1234, "no answer"]);
  });

  test("settle puts a delivery off, and the attempts add up", async (store) => {
    await put(store, "a");
    const { claimed: [one] } = await store.claim(asking());
    await store.settle("one", [ending(one!, { dueAt: 5000 })], 1234);
    const waiting = await store.delivery(one!.delivery.id);
    assertEquals([waiting?.state, waiting?.dueAt, waiting?.attempts, waiting?.error, waiting?.finishedAt], [
      "pending",
      5000,
      1,
      "no answer",
      null,
    ]);
    const { claimed: [two] } = await store.claim(asking({ now: 5000 }));
    await store.settle("one", [ending(two!)], 5100);
    const after = await store.delivery(one!.delivery.id);
    assertEquals([after?.state, after?.attempts, after?.error], ["done", 2, "no answer"]);
    const attempts = await store.attempts(one!.delivery.id);
    assertEquals(attempts.map(({ number, outcome }) => [number, outcome]), [[1, "retry"], [2, "done"]]);
  });

  test("settle undoes a claim when no attempt took place", async (store) => {
    await put(store, "a");
    const { claimed: [one] } = await store.claim(asking());
    const undone = ending(one!, { dueAt: 3000 }, { attempt: null });
    assertEquals(await store.settle("one", [undone], 1000), [true]);
    const after = await store.delivery(one!.delivery.id);
    assertEquals([after?.state, after?.attempts, after?.dueAt, after?.error], ["pending", 0, 3000, null]);
    assertEquals(await store.attempts(one!.delivery.id), []);
  });

  test("settle undoes a claim once, and no later one of the same relay", async (store) => {
    await put(store, "a");
    const { claimed: [one] } = await store.claim(asking());
    await store.settle("one", [ending(one!, "pending")], 1000);
    const { claimed: [two] } = await store.claim(asking({ now: 2000 }));
    const undone = ending(two!, { dueAt: 3000 }, { attempt: null, undoes: 2 });
    assertEquals(await store.settle("one", [undone], 2000), [true]);
    const { claimed: [again] } = await store.claim(asking({ now: 3000 }));
    assertEquals(again?.delivery.attempts, 2);
    await store.settle("one", [ending(again!, { dueAt: 4000 })], 3000);
    await store.claim(asking({ now: 4000 }));
    assertEquals(await store.settle("one", [undone], 4000), [false]);
    assertEquals((await store.delivery(one!.delivery.id))?.state, "running");
  });

  test("settle ends an attempt once, though it is asked twice in one call", async (store) => {
    for (const id of ["a", "b"]) await put(store, id);
    const { claimed: [a, b] } = await store.claim(asking());
    const undone = ending(b!, { dueAt: 3000 }, { attempt: null });
    const settlements = [ending(a!), ending(a!, "dead"), undone, undone];
    assertEquals(await store.settle("one", settlements, 1000), [true, false, true, false]);
    assertEquals((await store.delivery(a!.delivery.id))?.state, "done");
    assertEquals((await store.delivery(b!.delivery.id))?.attempts, 0);
    assertEquals((await store.counts()).map(({ state, count }) => `${state} ${count}`).sort(), [
      "done 1",
      "pending 1",
    ]);
  });

  test("settle appends what was emitted, once", async (store) => {
    for (const id of ["a", "b"]) await put(store, id);
    const { claimed } = await store.claim(asking());
    const emitted = [anEvent("emitted", { source: "relay", depth: 1, deliveries: [planned("mail")] })];
    await store.settle("one", claimed.map((one) => ending(one, "done", { emitted })), 1000);
    assertEquals((await store.event({ id: "emitted" }))?.depth, 1);
    assertEquals((await store.claim(asking({ route: "mail" }))).claimed.map(({ event }) => event.id), [
      "emitted",
    ]);
    assertEquals((await store.append(emitted))[0]?.result, "duplicate");
  });

  test("a settlement that cannot be written leaves nothing of its call", async (store) => {
    for (const id of ["a", "b"]) await put(store, id);
    const { claimed: [a, b] } = await store.claim(asking());
    const broken = anEvent("broken", { body: null as unknown as Uint8Array });
    const settlements = [
      ending(a!, "done", { kv: [{ key: "k", value: "1" }], emitted: [anEvent("whole")] }),
      ending(b!, "done", { emitted: [broken] }),
    ];
    await store.settle("one", settlements, 1000).then(() => assert(false, "settled"), () => {});
    assertEquals(await store.event({ id: "whole" }), null);
    assertEquals(await store.kvGet("slack", "k"), null);
    assertEquals((await store.deliveries({ states: ["running"] }, { limit: 10 })).length, 2);
    assertEquals(await store.settle("one", [ending(a!), ending(b!)], 1000), [true, true]);
  });

  test("counts tells how many deliveries stand where, and the oldest", async (store, reopen) => {
    assertEquals(await store.counts(), []);
    for (const [index, id] of ["a", "b", "c", "d"].entries()) {
      await put(store, id, ["slack", "mail"], { receivedAt: 1000 + index });
    }
    const { claimed: [a, b] } = await store.claim(asking({ limit: 3 }));
    await store.settle("one", [ending(a!, "dead"), ending(b!)], 1000);
    store = await reopen();
    await store.claim(asking({ limit: 1, now: 900_000, leaseUntil: 990_000 })); // gives back what still ran
    const counts = await store.counts();
    const text = counts.map((one) => `${one.route} ${one.state} ${one.count} since ${one.oldest}`).sort();
    assertEquals(text, [
      "mail pending 4 since 1000",
      "slack dead 1 since 1000",
      "slack done 1 since 1001",
      "slack pending 1 since 1003",
      "slack running 1 since 1002",
    ]);
    await store.discard({ states: ["dead"] }, 1000);
    assertEquals((await store.counts()).some(({ state }) => state === "dead"), false);
  });
}
