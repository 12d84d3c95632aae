import { assertEquals } from "@std/assert";
import type { Delivery } from "../../../lib/nouns.ts";
import type { DeliveryFilter, NewEvent, Settlement, Store } from "../../../lib/store/contract.ts";
import type { Register } from "../contract.ts";
import { anEvent, ending, seeded } from "../fixtures.ts";
import { Model } from "../model.ts";

const OPERATIONS = 200;
const SEEDS = [1, 2, 3];
const ROUTES = ["slack", "mail", "log"];

/** Does one thing at random to the store and the model alike, and compares what they answer. */
type Operation = (store: Store, model: Model, now: number) => Promise<void>;

function operations(random: () => number): Operation {
  const upTo = (limit: number) => Math.floor(random() * limit);
  const one = <T>(of: readonly T[]): T => of[upTo(of.length)]!;
  const some = <T>(of: readonly T[]): T[] => of.filter(() => random() < 0.5);

  const event = (now: number): NewEvent =>
    anEvent(`${upTo(150)}`, {
      source: one(["cryptosync", "other"]),
      coin: one(["btc", "eth", null]),
      receivedAt: now,
      deliveries: some(ROUTES).map((route) => ({
        route,
        matched: one([null, [1, 2]]),
        dueAt: now + upTo(3) * 50,
      })),
    });
  const filter = (): [DeliveryFilter, (one: Delivery) => boolean] => {
    const routes = some(ROUTES);
    return one<[DeliveryFilter, (one: Delivery) => boolean]>([
      [{ routes }, ({ route, discarded }) => routes.includes(route) && !discarded],
      [{ states: ["dead"], discarded: true }, ({ state }) => state === "dead"],
    ]);
  };
  const settlement = (delivery: Delivery, now: number): Settlement => {
    const next = one(["done", "done", "dead", { dueAt: now + upTo(500) }] as const);
    const undone = typeof next === "object" && random() < 0.3;
    return ending({ delivery, event: { seq: 0, ...anEvent("") } }, next, {
      kv: next === "done" ? [{ key: one(["a", "b"]), value: one([null, "1", "2"]) }] : [],
      emitted: next === "done" && random() < 0.3 ? [event(now)] : [],
      ...(undone ? { attempt: null } : {}),
    });
  };

  const claim: Operation = async (store, model, now) => {
    const request = {
      relay: one(["one", "two"]),
      now,
      leaseUntil: now + 100 + upTo(500),
      routes: some(ROUTES).map((route) => ({
        route,
        limit: upTo(5),
        order: route === "mail" || route === "log" && random() < 0.5 ? "coin" as const : "any" as const,
        rate: null,
      })),
    };
    const { claimed, nextDueAt } = await store.claim(request);
    assertEquals({ claimed: claimed.map(({ delivery }) => delivery), nextDueAt }, model.claim(request));
    for (const { delivery, event } of claimed) assertEquals(event.seq, delivery.event);
  };
  const settle: Operation = async (store, model, now) => {
    const running = model.shown().filter(({ state }) => state === "running");
    const relay = one(["one", "two"]);
    const settlements = some(running).map((delivery) => settlement(delivery, now));
    assertEquals(await store.settle(relay, settlements, now), model.settle(relay, settlements, now));
  };
  const others: Operation[] = [
    async (store, model, now) => {
      const events = Array.from({ length: upTo(8) }, () => event(now));
      assertEquals(await store.append(events), model.append(events));
    },
    async (store, model, now) => {
      const running = model.shown().filter(({ state }) => state === "running").map(({ id }) => id);
      const renewed = await store.renew("one", running, now + 300);
      assertEquals(renewed, model.renew("one", running, now + 300));
    },
    async (store, model, now) => {
      const [narrowed, choose] = filter();
      assertEquals(await store.retry(narrowed, now), model.retry(choose, now));
    },
    async (store, model, now) => {
      const [narrowed, choose] = filter();
      const states = narrowed.states ?? one([["dead"], ["pending"], ["pending", "dead"]] as const);
      assertEquals(await store.discard({ ...narrowed, states }, now), model.discard(choose, states, now));
    },
    async (store, model, now) => {
      const wishes = some(model.events).slice(0, 3).map(({ seq }) => (
        { event: seq, route: one(ROUTES), matched: null, replayOf: null }
      ));
      assertEquals(await store.replay(wishes, now), model.replay(wishes, now));
    },
    async (store, model, now) => {
      const olderThan = now - 2000 + upTo(1500), forgetBefore = olderThan - upTo(1000);
      assertEquals(await store.prune(olderThan, forgetBefore, 10_000), model.prune(olderThan, forgetBefore));
    },
  ];
  return one([claim, claim, settle, settle, others[0]!, others[0]!, one(others)]);
}

async function assertSame(store: Store, model: Model): Promise<void> {
  assertEquals(await store.events({}, { limit: 10_000 }), model.events.toReversed());
  assertEquals(await store.deliveries({ discarded: true }, { limit: 10_000 }), model.shown());
  const byName = (a: { route: string; state: string }, b: { route: string; state: string }) =>
    `${a.route} ${a.state}` < `${b.route} ${b.state}` ? -1 : 1;
  assertEquals((await store.counts()).sort(byName), model.counts().sort(byName));
  for (const route of ROUTES) {
    for (const key of ["a", "b"]) {
      assertEquals(await store.kvGet(route, key), model.kv.get(`${route} ${key}`) ?? null);
    }
  }
  for (const { id } of model.shown()) {
    const attempts = await store.attempts(id);
    assertEquals(
      attempts.map((one) => one.outcome === "interrupted" ? { ...one, error: null } : one),
      model.attempts(id),
    );
  }
}

export function modelled(test: Register): void {
  for (const seed of SEEDS) {
    test(`${OPERATIONS} random operations do what the model does (seed ${seed})`, async (store, reopen) => {
      const random = seeded(seed);
      const model = new Model();
      let now = 1000;
      for (let count = 1; count <= OPERATIONS; count++) {
        now += Math.floor(random() * 100);
        await operations(random)(store, model, now);
        if (count % 20 === 0) await assertSame(store, model);
        if (count % 50 === 0) {
          // Nothing may run at a restart: engines of one relay give it back at once, others when its lease ends.
          const request = { relay: "one", now: now += 1000, leaseUntil: now, routes: [] };
          assertEquals(await store.claim(request), {
            claimed: [],
            nextDueAt: model.claim(request).nextDueAt,
          });
          store = await reopen();
          await assertSame(store, model);
        }
      }
    });
  }
}
