import { assertEquals, assertMatch } from "@std/assert";
import { until } from "../support/until.ts";
import { coinBody, openRoom, update } from "./room.ts";

const ROUTES = [{ name: "links", plugin: "http", fields: ["links.*"] }, { name: "all", plugin: "log" }];

Deno.test("replay makes a new delivery of what was done, for any route", async () => {
  let runs = 0;
  await using room = await openRoom({ routes: ROUTES, run: () => void runs++ });
  await room.deliver({ id: "e", body: coinBody("aave", [update("name", "a", "b")]) });
  const first = await until(
    "it is done",
    async () => (await room.json("/api/deliveries?state=done")).items[0],
  );
  const again = await (await room.post("/api/replay", { delivery: first.id })).json();
  await until("it ran again", () => runs === 2);
  assertEquals((await room.json(`/api/deliveries/${again.deliveries[0]}`)).replayOf, first.id);
  assertEquals((await room.post("/api/replay", { event: "e", route: "links" })).status, 201);
  await until("it ran for the other route", () => runs === 3);
  assertEquals((await room.post("/api/replay", { event: "e", route: "nobody" })).status, 404);
  assertEquals((await room.post("/api/replay", { event: "gone", route: "all" })).status, 404);
});

Deno.test("a test event goes the whole way and is marked as a test", async () => {
  await using room = await openRoom({ routes: ROUTES });
  const answer = await (await room.post("/api/test-event", { sample: "homepage-changed" })).json();
  assertEquals([answer.status, answer.answer], [200, { status: "accepted" }]);
  const event = await room.json(`/api/events/${answer.id}`);
  assertEquals([event.test, event.coin.id, event.seq], [true, "usd-coin", answer.seq]);
  const own = await (await room.post("/api/test-event", { body: { event_type: "x.y", data: {} } })).json();
  assertEquals((await room.json(`/api/events/${own.id}`)).type, "x.y");
  assertEquals((await room.post("/api/test-event", { source: "nobody" })).status, 404);
});

Deno.test("a route is turned off and on again", async () => {
  await using room = await openRoom({ routes: ROUTES });
  assertEquals((await (await room.post("/api/routes/all", { on: false })).json()).on, false);
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  assertEquals((await room.json("/api/events/e")).deliveries, []);
  assertEquals((await (await room.post("/api/routes/all", { on: true })).json()).on, true);
  assertEquals((await room.post("/api/routes/nobody", { on: true })).status, 404);
  assertEquals(room.actions, [["route off", { route: "all" }], ["route on", { route: "all" }]]);
});

Deno.test("the config shows no secret", async () => {
  await using room = await openRoom({
    routes: [{
      name: "s",
      plugin: "slack",
      options: { webhookUrl: "https://hooks.example/T0/B0/sesame-open" },
    }],
    admin: { token: "a-long-admin-token" },
  });
  const text =
    await (await room.ask("/api/config", { headers: { authorization: "Bearer a-long-admin-token" } })).text();
  assertMatch(text, /"name":"s"/);
  for (const secret of ["sesame-open", "a-long-admin-token", "whsec_test"]) {
    assertEquals(text.includes(secret), false);
  }
});
