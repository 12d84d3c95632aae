import { assert, assertEquals } from "@std/assert";
import type { Register } from "../contract.ts";
import { anEvent, asking, ending, ids, planned, put } from "../fixtures.ts";

export function claiming(test: Register): void {
  test("claim takes what is due, earliest first, with its event", async (store) => {
    await put(store, "late", [], { deliveries: [planned("slack", 1000)] });
    await put(store, "early", [], { deliveries: [planned("slack", 500)] });
    await put(store, "future", [], { deliveries: [planned("slack", 1001)] });
    const { claimed, nextDueAt } = await store.claim(asking({ now: 1000 }));
    assertEquals(ids(claimed), ["early", "late"]);
    assertEquals(claimed[0]?.event, await store.event({ id: "early" }));
    assertEquals(claimed[0]?.delivery.state, "running");
    assertEquals(claimed[0]?.delivery.attempts, 1);
    assertEquals(claimed[0]?.delivery, await store.delivery(claimed[0]!.delivery.id));
    assertEquals(nextDueAt, 1001);
  });

  test("claim takes of the asked routes only, each up to its limit", async (store) => {
    for (const id of ["a", "b", "c"]) await put(store, id, ["slack", "mail", "log"]);
    const route = { order: "any", rate: null } as const;
    const { claimed, nextDueAt } = await store.claim({
      relay: "one",
      now: 1000,
      leaseUntil: 2000,
      routes: [{ route: "slack", limit: 2, ...route }, { route: "mail", limit: 5, ...route }],
    });
    assertEquals(claimed.map(({ delivery, event }) => `${delivery.route} ${event.id}`), [
      "slack a",
      "slack b",
      "mail a",
      "mail b",
      "mail c",
    ]);
    assertEquals(nextDueAt, 1000, "one of slack is still due");
    assertEquals((await store.deliveries({ states: ["running"] }, { limit: 10 })).length, 5);
  });

  test("claim of a route that nobody knows answers nothing", async (store) => {
    assertEquals(await store.claim(asking({ route: "nobody" })), { claimed: [], nextDueAt: null });
  });

  test("no two claims take the same delivery", async (store) => {
    const events = Array.from(
      { length: 100 },
      (_, index) => anEvent(`${index}`, { deliveries: [planned()] }),
    );
    await store.append(events);
    const claims = await Promise.all(
      Array.from(
        { length: 20 },
        (_, index) => store.claim(asking({ relay: `relay ${index % 4}`, limit: 7 })),
      ),
    );
    const taken = claims.flatMap(({ claimed }) => ids(claimed));
    assertEquals(taken.length, 100);
    assertEquals(new Set(taken).size, 100);
  });

  test("what the caller holds is not given back, though its lease has ended", async (store) => {
    for (const id of ["a", "b"]) await put(store, id);
    const { claimed: [a, b] } = await store.claim(asking({ now: 1000, leaseUntil: 2000 }));
    const late = asking({ now: 3_600_000 });
    const again = await store.claim({ ...late, holding: [a!.delivery.id] });
    assertEquals(ids(again.claimed), ["b"]);
    assertEquals((await store.attempts(b!.delivery.id)).map(({ outcome }) => outcome), ["interrupted"]);
    assertEquals(await store.settle("one", [ending(a!)], 3_600_000), [true]);
  });

  test("a lease that ended gives its delivery back, the attempt interrupted", async (store) => {
    await put(store, "a");
    await store.claim(asking({ relay: "one", now: 1000, leaseUntil: 2000 }));
    assertEquals((await store.claim(asking({ relay: "two", now: 1999 }))).claimed, []);
    const { claimed: [again] } = await store.claim(asking({ relay: "two", now: 2000 }));
    assert(again);
    assertEquals(again.delivery.attempts, 2);
    const [interrupted, ...more] = await store.attempts(again.delivery.id);
    assertEquals(more, []);
    assertEquals({ ...interrupted, error: null }, {
      number: 1,
      startedAt: 1000,
      durationMs: null,
      outcome: "interrupted",
      error: null,
      sent: [],
    });
  });

  test("claim gives ended leases back whatever routes it asks for", async (store) => {
    await put(store, "a");
    await store.claim(asking({ now: 1000, leaseUntil: 2000 }));
    await store.claim(asking({ route: "other", now: 3000 }));
    assertEquals((await store.deliveries({}, { limit: 1 }))[0]?.state, "pending");
  });

  test("renew extends the leases that the relay holds, and tells which", async (store) => {
    for (const id of ["a", "b", "c"]) await put(store, id);
    const { claimed } = await store.claim(asking({ limit: 2, leaseUntil: 2000 }));
    const [a, b] = claimed.map(({ delivery }) => delivery.id);
    assert(a && b);
    await store.claim(asking({ relay: "two", leaseUntil: 2000 }));
    await store.settle("one", [ending(claimed[1]!)], 1500);
    assertEquals(await store.renew("one", [a, b, b + 1, 999], 5000), [a]);
    assertEquals((await store.claim(asking({ relay: "two", now: 4999 }))).claimed.map((c) => c.delivery.id), [
      b + 1,
    ]);
    assertEquals(ids((await store.claim(asking({ relay: "two", now: 5000 }))).claimed), ["a"]);
    assertEquals(await store.renew("one", [a], 9000), []);
  });

  test("a lost lease is not settled", async (store) => {
    await put(store, "a");
    const { claimed: [first] } = await store.claim(asking({ relay: "one", now: 1000, leaseUntil: 2000 }));
    const { claimed: [second] } = await store.claim(asking({ relay: "two", now: 2000, leaseUntil: 9000 }));
    assert(first && second);
    const emitted = [anEvent("emitted")];
    assertEquals(await store.settle("one", [ending(first, "done", { emitted })], 2001), [false]);
    assertEquals(await store.event({ id: "emitted" }), null);
    assertEquals((await store.delivery(first.delivery.id))?.state, "running");
    assertEquals(await store.settle("two", [ending(second)], 2002), [true]);
    assertEquals(await store.settle("two", [ending(second)], 2003), [false], "settled already");
  });

  test("an attempt is not settled in the place of a later one of the same relay", async (store) => {
    await put(store, "a");
    const { claimed: [first] } = await store.claim(asking({ now: 1000, leaseUntil: 2000 }));
    const { claimed: [second] } = await store.claim(asking({ now: 2000 }));
    assertEquals(await store.settle("one", [ending(first!)], 2001), [false]);
    assertEquals(await store.settle("one", [ending(second!)], 2001), [true]);
  });

  test("what runs is given back at a restart", async (store, reopen) => {
    await put(store, "a");
    await store.claim(asking({ relay: "one", now: 1000, leaseUntil: 900_000 }));
    store = await reopen();
    // An engine of one relay gives back at once; one of several, when the lease has ended.
    const { claimed: [again] } = await store.claim(asking({ relay: "two", now: 900_000 }));
    assertEquals(again?.delivery.attempts, 2);
    assertEquals((await store.attempts(again!.delivery.id)).map(({ outcome }) => outcome), ["interrupted"]);
  });
}
