import { assertEquals } from "@std/assert";
import { createTail } from "../../lib/admin/read/tail.ts";
import { until } from "../support/until.ts";
import { coinBody, openRoom } from "./room.ts";

Deno.test("watchers at different places each get every event once, in order, as many as they ask for", async () => {
  await using room = await openRoom();
  const tail = createTail(room.parts);
  assertEquals([await tail.last(), await tail.after(0, 10)], [0, []]);
  const deliver = async (count: number) => {
    for (let i = 0; i < count; i++) await room.deliver({ body: coinBody("aave", []) });
  };
  const after = async (seq: number, limit = 100) =>
    (await tail.after(seq, limit)).map(({ event }) => event.seq);
  const from = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);
  await deliver(8);
  assertEquals(await after(5), [6, 7, 8]); // what is kept now begins at 6
  assertEquals(await after(0), from(1, 8));
  assertEquals(await after(2, 3), [3, 4, 5]);
  assertEquals(await after(6, 1), [7]);
  assertEquals(await after(8), []);
  await deliver(3);
  assertEquals(await Promise.all([after(8), after(8, 2), after(0), after(10)]), [
    from(9, 11),
    [9, 10],
    from(1, 11),
    [11],
  ]);
  assertEquals([await after(11), await tail.last()], [[], 11]);
});

Deno.test("a watcher sees how an event's deliveries stand now, not only as it found them", async () => {
  const held = Promise.withResolvers<void>();
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    run: () => held.promise,
  });
  for (const id of ["kept", "seen"]) await room.deliver({ id, body: coinBody("aave", []) });
  const tail = createTail(room.parts);
  await tail.after(0, 10);
  const state = async () => (await tail.after(1, 10))[0]!.deliveries[0]!.state; // of what is kept
  await until("it runs", async () => await state() === "running");
  held.resolve();
  await until("it is done", async () => await state() === "done");
});
