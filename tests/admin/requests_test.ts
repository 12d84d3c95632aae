import { assertEquals, assertMatch } from "@std/assert";
import { until } from "../support/until.ts";
import { coinBody, openRoom } from "./room.ts";

const ROUTES = [{ name: "links", plugin: "http", fields: ["links.*"] }, { name: "all", plugin: "log" }];

Deno.test("mistakes in a request are told, each with its place", async () => {
  await using room = await openRoom();
  const told = async (path: string) => {
    const response = await room.ask(path);
    assertEquals(response.headers.get("content-type"), "application/problem+json");
    return [response.status, (await response.json()).detail];
  };
  assertEquals(await told("/api/events?limit=0&since=yesterday"), [
    400,
    "since: must be ISO 8601, or milliseconds since 1970; limit: Too small: expected number to be >=1.",
  ]);
  assertEquals(await told("/api/events?sorce=a&colour=red&limit=1"), [
    400,
    '“sorce” is not known here: did you mean "source"?; “colour” is not known here: known are source, type, coin, ' +
    "field, changeType, route, q, notUnderstood, test, since, until, limit, cursor, after.",
  ]);
  assertEquals(await told("/api/events?route=a&route=b"), [
    400,
    "route is given twice: where several values are taken, write them in one, separated by commas.",
  ]);
  assertEquals(await told("/api/events?field=links..x"), [400, "field: “links..x” has an empty segment."]);
  assertEquals((await told("/api/nothing"))[0], 404);
  assertEquals((await room.ask("/api/replay", { method: "POST", body: "{" })).status, 400);
});

Deno.test("what an address asks for and nobody would look at is refused, not passed over", async () => {
  await using room = await openRoom({ routes: ROUTES });
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  const details = async (paths: string[], ask: (path: string) => Promise<Response>) => {
    for (const path of paths) {
      const response = await ask(path);
      const { detail } = await response.json();
      assertEquals([path, response.status], [path, 400]);
      assertMatch(detail, /^“\w+” is not known here: /);
    }
  };
  await details([
    "/api/dead-letters?state=done",
    "/api/events/e?sorce=cryptosync",
    "/api/deliveries/1?x=1",
    "/api/overview?x=1",
    "/api/sources?name=cryptosync",
    "/api/sources/cryptosync/refusals?limit=1",
    "/api/routes?name=all",
    "/api/routes/all/kv?key=a",
    "/api/plugins?x=1",
    "/api/config?x=1",
  ], (path) => room.ask(path));
  // These would be done to all, or to another than was meant.
  await details([
    "/api/dead-letters/discard?route=all",
    "/api/dead-letters/retry?coin=aave",
    "/api/deliveries/1/retry?x=1",
    "/api/test-event?sample=renamed",
  ], (path) => room.post(path, {}));
});

Deno.test("what a request asks for and would not get is refused, not passed over", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log" }],
    run: () => ({ outcome: "permanent" }),
  });
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  const { id } = await until("it is dead", async () => (await room.json("/api/dead-letters")).items.at(-1));
  for (const action of ["retry", "discard"]) {
    const response = await room.post(`/api/deliveries/${id}/${action}`, { preview: true });
    assertEquals([response.status, (await response.json()).detail], [
      400,
      "“preview” is not known here: nothing is taken here.",
    ]);
  }
  assertEquals((await room.json(`/api/deliveries/${id}`)).discarded, false);
  assertEquals((await room.ask(`/api/deliveries/${id}/discard`, { method: "POST" })).status, 200);

  const { event: { seq } } = await room.json(`/api/deliveries/${id}`);
  assertEquals((await room.ask(`/api/events/seq:${seq}?source=cryptosync`)).status, 200);
  assertEquals((await room.ask(`/api/events/seq:${seq}?source=relay`)).status, 404);
  assertEquals(
    (await room.post("/api/replay", { event: `seq:${seq}`, source: "relay", route: "all" })).status,
    404,
  );
  assertEquals((await room.json("/api/routes/all/kv")).items, []);
  assertEquals((await room.ask("/api/routes/al/kv")).status, 404);
});

Deno.test("a path that is asked by another method tells by which", async () => {
  await using room = await openRoom({ routes: ROUTES });
  const told = async (method: string, path: string) => {
    const response = await room.ask(path, { method });
    await response.body?.cancel();
    return [response.status, response.headers.get("allow")];
  };
  assertEquals(await told("GET", "/api/replay"), [405, "POST"]);
  assertEquals(await told("PUT", "/api/routes/all"), [405, "POST"]);
  assertEquals(await told("DELETE", "/api/events/evt:a/b"), [405, "GET, HEAD"]);
  assertEquals(await told("GET", "/api/deliveries/1/retry"), [405, "POST"]);
  assertEquals(await told("GET", "/api/deliveries/one"), [404, null]);
  assertEquals(await told("GET", "/api/nothing"), [404, null]);
});

Deno.test("a body that may have several forms is refused with what they are", async () => {
  await using room = await openRoom();
  const told = async (path: string, body: unknown) => {
    const response = await room.post(path, body);
    return [response.status, (await response.json()).detail];
  };
  const forms = "give delivery, a whole number; or event and route, and source where two have that event.";
  for (const body of [{}, { delivery: "17" }, { event: "e" }]) {
    assertEquals(await told("/api/replay", body), [400, forms], JSON.stringify(body));
  }
  assertEquals(await told("/api/dead-letters/retry", { since: "yesterday", until: true }), [
    400,
    "since: must be ISO 8601, or milliseconds since 1970; until: must be ISO 8601, or milliseconds since 1970.",
  ]);
  assertEquals(await told("/api/test-event", { body: 3 }), [400, "body: must be text or a JSON object."]);
});

Deno.test("a time is ISO 8601 or milliseconds since 1970, and a day that no calendar has is none", async () => {
  await using room = await openRoom();
  const status = async (since: string) =>
    (await room.ask(`/api/events?${new URLSearchParams({ since })}`)).status;
  for (
    const time of ["2026", "2026-02", "2026-02-28", "2026-02-28T10:30", "2026-02-28T10:30:00.5+02:00", "0"]
  ) {
    assertEquals(await status(time), 200, time);
  }
  for (
    const none of [
      "2026-02-30",
      "2026-06-31T10:00Z",
      "2026-13",
      "may 5",
      "event 12",
      "2026-02-28T10:30 02:00",
      "-5",
    ]
  ) assertEquals(await status(none), 400, none);
});
