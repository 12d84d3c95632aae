import { assertEquals } from "@std/assert";
import { type NewEvent, type PlannedDelivery, StoreUnavailable } from "../../lib/store/contract.ts";
import { createTeller } from "../../lib/watchdog/teller.ts";

/** A teller on a store that takes each event when the test lets it, or refuses. */
function startTelling() {
  const stored: NewEvent[] = [];
  const at = {
    now: 0,
    routes: ["one"],
    /** What the store is asked now, and waits for. */
    asked: Promise.withResolvers<void>(),
    /** Answers it. */
    take: () => {},
    refuse: () => {},
  };
  const teller = createTeller({
    append(event) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      at.take = () => (stored.push(event), resolve());
      at.refuse = () => reject(new StoreUnavailable("away"));
      at.asked.resolve();
      at.asked = Promise.withResolvers();
      return promise;
    },
    plan: (_content, dueAt) => at.routes.map((route): PlannedDelivery => ({ route, matched: null, dueAt })),
    now: () => at.now,
    onFault: () => {},
  });
  const numbers = () => stored.map(({ body }) => JSON.parse(new TextDecoder().decode(body)).data.n);
  return { at, teller, stored, numbers };
}

Deno.test("of more than a hundred that wait for the store the oldest go, and none of those that it can still take", async () => {
  const { at, teller, numbers } = startTelling();
  for (let n = 0; n <= 150; n++) teller.tell("relay.test", { n }); // the store is asked for the first meanwhile
  const ended = teller.stop();
  for (let taken = 0; taken < 101; taken++) {
    const { promise } = at.asked;
    at.take();
    if (taken < 100) await promise;
  }
  await ended;
  assertEquals(numbers(), [0, ...Array.from({ length: 100 }, (_, index) => 51 + index)]);
});

Deno.test("what the store refused is stored at the stop, as told then, for the routes of now", async () => {
  const { at, teller, stored } = startTelling();
  at.now = 1000;
  teller.tell("relay.test", { n: 1 });
  at.refuse();
  await new Promise((resolve) => setTimeout(resolve)); // it hears of it
  at.now = 2000;
  at.routes = ["two"];
  const ended = teller.stop();
  at.take();
  await ended;
  assertEquals(stored.map(({ receivedAt, deliveries }) => ({ receivedAt, deliveries })), [
    { receivedAt: 1000, deliveries: [{ route: "two", matched: null, dueAt: 1000 }] },
  ]);
});
