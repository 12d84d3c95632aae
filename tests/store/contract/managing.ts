import { assert, assertEquals } from "@std/assert";
import type { CommitNews, Store } from "../../../lib/store/contract.ts";
import type { Register } from "../contract.ts";
import { anEvent, asking, drain, ending, ids, planned, put } from "../fixtures.ts";

/** Makes dead letters of events of these ids. */
async function kill(store: Store, ...events: string[]): Promise<void> {
  for (const id of events) await put(store, id);
  const { claimed } = await store.claim(asking({ limit: events.length }));
  await store.settle("one", claimed.map((one) => ending(one, "dead")), 1000);
}

export function managing(test: Register): void {
  test("a clock set back moves what waits by as much, but not what waits for a time of day", async (store) => {
    if (store.rewind === undefined) return; // shared by relays with clocks of their own
    const HOUR = 3_600_000;
    const at = 10 * HOUR;
    const received = { receivedAt: at };
    await put(store, "due at once", [], { ...received, deliveries: [planned("slack", at)] });
    await put(store, "at noon", [], { ...received, deliveries: [planned("slack", 12 * HOUR)] });
    await put(store, "fails", [], { receivedAt: at - HOUR, deliveries: [planned("slack", at - HOUR)] });
    const { claimed: [failed] } = await store.claim(asking({ now: at - 1, limit: 1 }));
    await store.settle("one", [ending(failed!, { dueAt: at + 5000 })], at);
    await put(store, "retried", [], { ...received, deliveries: [planned("slack", 12 * HOUR)] });
    await store.retry({ eventId: "retried" }, at + 2000);
    assertEquals(await store.rewind(at - HOUR, HOUR), 3);
    const waiting = await store.deliveries({ states: ["pending"] }, { after: 0, limit: 10 });
    assertEquals(waiting.map(({ dueAt }) => dueAt), [
      at - HOUR,
      12 * HOUR,
      at - HOUR + 5000,
      at - HOUR + 2000,
    ]);
  });

  test("a clock set back moves all of many that wait, and none to before the time it shows", async (store) => {
    if (store.rewind === undefined) return;
    const waits = (dueAt: number) => [{ route: "slack", matched: null, dueAt }];
    await store.append(
      Array.from(
        { length: 1200 },
        (_, index) => anEvent(`${index}`, { receivedAt: 9000 + index, deliveries: waits(9000 + index) }),
      ),
    );
    assertEquals(await store.rewind(1000, 8500), 1200);
    const { claimed, nextDueAt } = await store.claim(asking({ now: 1000, limit: 1000 }));
    assertEquals([claimed.length, nextDueAt], [501, 1001]);
    assertEquals(new Set(claimed.map(({ delivery }) => delivery.dueAt)), new Set([1000]));
    assertEquals((await store.claim(asking({ now: 1699, limit: 1000 }))).claimed.length, 699);
  });

  test("a clock set back moves what waits behind another of its coin too", async (store) => {
    if (store.rewind === undefined) return;
    for (const id of ["1", "2"]) {
      await put(store, id, [], { receivedAt: 9000, deliveries: [planned("slack", 9000)] });
    }
    const { claimed: [first] } = await store.claim(asking({ order: "coin", now: 9000 }));
    assertEquals(await store.rewind(1000, 8000), 1);
    await store.settle("one", [ending(first!)], 1000);
    assertEquals(ids((await store.claim(asking({ order: "coin", now: 1000 }))).claimed), ["2"]);
  });

  test("retry makes dead letters due, with attempts from the start and the old ones kept", async (store) => {
    await kill(store, "a");
    const news: CommitNews[] = [];
    store.onCommit((told) => news.push(told));
    assertEquals(await store.retry({ states: ["dead"] }, 5000), 1);
    assert(news.some(({ routes }) => routes.includes("slack")));
    const { claimed: [again] } = await store.claim(asking({ now: 5000 }));
    assert(again);
    assertEquals([again.delivery.attempts, again.delivery.finishedAt], [1, null]);
    await store.settle("one", [ending(again)], 5000);
    const attempts = await store.attempts(again.delivery.id);
    assertEquals(attempts.map(({ number, outcome }) => [number, outcome]), [[1, "permanent"], [1, "done"]]);
  });

  test("retry makes waiting deliveries due now", async (store) => {
    await put(store, "a", [], { deliveries: [planned("slack", 9000)] });
    assertEquals(await store.retry({}, 2000), 1);
    assertEquals(ids((await store.claim(asking({ now: 2000 }))).claimed), ["a"]);
  });

  test("retry leaves what runs or is done alone", async (store) => {
    for (const id of ["a", "b"]) await put(store, id);
    const { claimed: [a] } = await store.claim(asking());
    await store.settle("one", [ending(a!)], 1000);
    assertEquals(await store.retry({}, 5000), 0);
    assertEquals((await store.counts()).map(({ state }) => state).sort(), ["done", "running"]);
  });

  test("retry and discard take all of many, and only what the filter says", async (store) => {
    const many = Array.from({ length: 1200 }, (_, index) => `${index}`);
    await store.append(many.map((id) => anEvent(id, { deliveries: [planned()] })));
    const { claimed } = await store.claim(asking({ limit: 1200 }));
    await store.settle("one", claimed.map((one) => ending(one, "dead")), 1000);
    assertEquals(await store.discard({ ids: claimed.slice(0, 100).map((c) => c.delivery.id) }, 2000), 100);
    assertEquals(await store.retry({ routes: ["mail"] }, 2000), 0);
    assertEquals(await store.retry({ routes: ["slack"] }, 2000), 1100);
    assertEquals((await store.counts()).map(({ state, count }) => [state, count]), [["pending", 1100]]);
  });

  test("discard takes dead letters out of sight, and retry brings them back if asked", async (store) => {
    await kill(store, "a", "b");
    const [b, a] = await store.deliveries({ states: ["dead"] }, { limit: 10 });
    assertEquals(await store.discard({ ids: [a!.id] }, 2000), 1);
    assertEquals(await store.discard({ ids: [a!.id] }, 2000), 0, "discarded already");
    assertEquals((await store.deliveries({}, { limit: 10 })).map(({ id }) => id), [b!.id]);
    const [, discarded] = await store.deliveries({ discarded: true }, { limit: 10 });
    assertEquals([discarded?.id, discarded?.state, discarded?.discarded], [a!.id, "dead", true]);
    assertEquals(await store.retry({ ids: [a!.id] }, 3000), 0);
    assertEquals(await store.retry({ ids: [a!.id], discarded: true }, 3000), 1);
    assertEquals((await store.delivery(a!.id))?.discarded, false);
    assertEquals(await drain(store, 3000), ["a"]);
  });

  test("discard takes what waits only where it is named, and what runs never", async (store) => {
    await kill(store, "dead");
    for (const id of ["runs", "waits"]) await put(store, id);
    await store.claim(asking({ limit: 1 }));
    assertEquals(await store.discard({ routes: ["slack"], states: ["dead"] }, 2000), 1);
    assertEquals(await store.discard({ routes: ["slack"] }, 2000), 0);
    assertEquals(await store.discard({ routes: ["mail"], states: ["pending"] }, 2000), 0);
    assertEquals(await store.discard({ routes: ["slack"], states: ["pending", "running"] }, 2000), 1);
    assertEquals((await store.counts()).map(({ state, count }) => [state, count]), [["running", 1]]);
    const [waited] = await store.deliveries({ discarded: true }, { limit: 1 });
    assertEquals(
      [waited?.state, waited?.discarded, waited?.attempts, waited?.finishedAt],
      ["dead", true, 0, 2000],
    );
    assertEquals((await store.claim(asking({ now: 9000 }))).claimed, []);
    assertEquals(await store.retry({ ids: [waited!.id], discarded: true }, 9000), 1);
    assertEquals(ids((await store.claim(asking({ now: 9000 }))).claimed), ["waits"]);
  });

  test("replay makes new deliveries of an event, whatever was made before", async (store) => {
    const seq = await put(store, "a");
    assertEquals(await drain(store, 1000), ["a"]);
    const wishes = [
      { event: seq, route: "slack", matched: [0, 2], replayOf: 1 },
      { event: seq, route: "mail", matched: null, replayOf: null },
      { event: 999, route: "mail", matched: null, replayOf: null },
    ];
    const made = await store.replay(wishes, 5000);
    assertEquals(made.length, 2);
    const first = await store.delivery(made[0]!);
    assertEquals([first?.replayOf, first?.matched, first?.createdAt, first?.attempts], [1, [0, 2], 5000, 0]);
    assertEquals((await store.delivery(made[1]!))?.replayOf, null);
    assertEquals(ids((await store.claim(asking({ now: 5000 }))).claimed), ["a"]);
    assertEquals(ids((await store.claim(asking({ now: 5000, route: "mail" }))).claimed), ["a"]);
    assertEquals((await store.deliveries({ states: ["done"] }, { limit: 9 })).length, 1);
  });
}
