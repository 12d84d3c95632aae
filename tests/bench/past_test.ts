/** The stores that the bench fills are such as a relay leaves behind. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { BACKLOG_ROUTES, fillBacklog, fillPast, pastId, storeIn } from "../../bench/past.ts";
import { openStore } from "../../lib/store/open.ts";
import { createRelayFolder } from "../support/relay_process.ts";

const EVENTS = 3000;

Deno.test("a relay starts on a filled store, takes what is new, and knows each of its events", async () => {
  await using folder = await createRelayFolder();
  const data = join(folder.folder, "data");
  await fillPast(data, EVENTS);
  const relay = await folder.start();
  for (const n of [0, 1, EVENTS / 2, EVENTS - 1]) {
    assertEquals(await relay.send({ id: pastId(n) }), "duplicate", `event ${n}`);
  }
  assertEquals(await relay.send({ id: pastId(EVENTS) }), "accepted");
  assertEquals(await relay.stop(), 0);

  const store = await openStore(`sqlite:${storeIn(data)}`, ".", { shared: true });
  const [newest] = await store.events({}, { limit: 1 });
  assertEquals(newest?.seq, EVENTS + 1);
  const counts = (await store.counts()).map(({ route, state, count }) => ({ route, state, count }));
  assertEquals(counts, [{ route: "past", state: "done", count: EVENTS / 10 }]);
  await store.close();
});

Deno.test("filling goes on where it was interrupted", async () => {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  await fillPast(folder, 50);
  const told: number[] = [];
  await fillPast(folder, EVENTS, (stored) => told.push(stored));
  assertEquals(told, [EVENTS]);
  const store = await openStore(`sqlite:${storeIn(folder)}`, ".");
  for (const n of [0, 49, 50, EVENTS - 1]) assertEquals((await store.event({ id: pastId(n) }))?.seq, n + 1);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a filled backlog waits, and leaves the acks alone", async () => {
  await using folder = await createRelayFolder({
    config: { routes: BACKLOG_ROUTES.map((name) => ({ name, plugin: "log", fields: ["no-such-field"] })) },
  });
  const data = join(folder.folder, "data");
  await fillBacklog(data, 400);
  const relay = await folder.start();
  assertEquals(await relay.send(), "accepted");
  assertEquals(await relay.stop(), 0);

  const store = await openStore(`sqlite:${storeIn(data)}`, ".", { shared: true });
  const counts = (await store.counts()).map(({ route, state, count }) => ({ route, state, count }));
  assertEquals(counts, BACKLOG_ROUTES.map((route) => ({ route, state: "pending", count: 100 })));
  await store.close();
});
