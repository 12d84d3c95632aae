import { assertEquals, assertNotEquals } from "@std/assert";
import { digestKey, idempotencyKey } from "../../lib/dispatch/idempotency.ts";
import { eventForPlugin, makeJob } from "../../lib/dispatch/job.ts";
import type { StoredEvent } from "../../lib/nouns.ts";
import { DELIVERY, EVENT, ROUTE } from "./fixtures.ts";

/** Deliveries of a route, the second event of which lies deeper in its chain. */
const BATCH = [
  { event: EVENT, delivery: { ...DELIVERY, attempts: 3 } },
  { event: { ...EVENT, id: "evt-2", depth: 2 }, delivery: { ...DELIVERY, id: 8, attempts: 3 } },
];
/** What a route remembers, by its name. */
const STORE = { kvGet: (route: string, key: string) => Promise.resolve(`${key} of ${route}`) };
const of = (batch: typeof BATCH) =>
  makeJob(batch, { ...ROUTE, plugin: "log", timeoutMs: 7000 }, STORE, EVENT.receivedAt);

Deno.test("a plugin gets only the changes that its route matched", () => {
  const { changes, coin, data } = eventForPlugin(EVENT, [1]);
  assertEquals(changes, [{ field: "symbol", change_type: "update", new_value: "AAVE" }]);
  assertEquals(coin, { id: "aave", symbol: "aave", name: "Aave" });
  assertEquals(data, { id: "aave", symbol: "aave", name: "Aave" });
  assertEquals(eventForPlugin(EVENT, null).changes.length, 2);
});

Deno.test("an event whose body is not understood is handed on with what was kept of it, and no data", () => {
  const body = new TextEncoder().encode("not JSON");
  const seen = (parts: Partial<StoredEvent>) => {
    const { type, coin, changes, data } = eventForPlugin({ ...EVENT, body, ...parts }, null);
    return [type, coin.id, changes, data];
  };
  assertEquals<unknown>(seen({}), [EVENT.type, "aave", [], {}]);
  assertEquals(seen({ type: null, coin: null }), ["", "", [], {}]);
});

Deno.test("a job says which attempt it is, how long it may take, and how deep in a chain it lies", () => {
  const { plugin, route, delivery, attempt, timeoutMs, depth } = of(BATCH);
  assertEquals({ plugin, route, delivery, attempt, timeoutMs, depth }, {
    plugin: "log",
    route: "names",
    delivery: 7,
    attempt: 3,
    timeoutMs: 7000,
    depth: 2,
  });
});

Deno.test("a job reads what its own route remembers, not what others of its plugin do", async () => {
  assertEquals(await of(BATCH).kvGet("count"), "count of names");
});

Deno.test("a digest's key is of all its deliveries, and that of a single one is its own", () => {
  const [first, second] = BATCH.map(({ event, delivery }) => idempotencyKey(event, delivery));
  assertEquals(of(BATCH.slice(0, 1)).idempotencyKey, first);
  assertEquals(of(BATCH).idempotencyKey, digestKey([first!, second!]));
  assertNotEquals(of(BATCH).idempotencyKey, first);
  assertEquals(of(BATCH).event.id, of(BATCH).idempotencyKey);
});
