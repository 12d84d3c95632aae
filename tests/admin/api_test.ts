import { assert, assertEquals, assertMatch } from "@std/assert";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { GOLDEN_SECRET } from "../verify/golden_vectors.ts";
import { coinBody, openRoom, update } from "./room.ts";

const ROUTES = [{ name: "links", plugin: "http", fields: ["links.*"] }, { name: "all", plugin: "log" }];

Deno.test("events come newest first, a page at a time, each exactly once", async () => {
  await using room = await openRoom();
  for (let i = 0; i < 7; i++) await room.deliver({ id: `e${i}`, body: coinBody("aave", []) });
  const seen: string[] = [];
  let cursor: string | null = "";
  do {
    const page: { items: { id: string }[]; next: string | null } = await room.json(
      `/api/events?limit=3&cursor=${cursor}`,
    );
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== null);
  assertEquals(seen, ["e6", "e5", "e4", "e3", "e2", "e1", "e0"]);
});

Deno.test("events are narrowed by coin, field, change type, event type, route and text, all together", async () => {
  await using room = await openRoom({ routes: ROUTES });
  await room.deliver({
    id: "link",
    body: coinBody("aave", [update("links.homepage", [], ["https://a.example"])]),
  });
  await room.deliver({ id: "name", body: coinBody("aave", [update("name", "Aave", "AAVE Café")]) });
  await room.deliver({
    id: "other",
    body: coinBody("btc", [{ field: "categories", change_type: "addition" }]),
  });
  await room.deliver({ id: "listed", body: '{"event_type":"cg.coin.listed","data":{"id":"new"}}' });
  await room.deliver({ id: "junk", body: "junk" });
  const ids = async (query: string) =>
    (await room.json(`/api/events?${query}`)).items.map(({ id }: { id: string }) => id);

  assertEquals(await ids("coin=aave"), ["name", "link"]);
  assertEquals(await ids("coin=btc,new"), ["listed", "other"]);
  assertEquals(await ids("field=links.*,name"), ["name", "link"]);
  assertEquals(await ids("field=*,!links.*"), ["other", "name"]);
  assertEquals(await ids("changeType=addition"), ["other"]);
  assertEquals(await ids("type=cg.coin.listed"), ["listed"]);
  assertEquals(await ids("route=links"), ["link"]);
  assertEquals(await ids("q=CAFÉ"), ["name"]);
  assertEquals(await ids("q=oTHer"), ["other"]);
  assertEquals(await ids("notUnderstood=1"), ["junk"]);
  assertEquals(await ids("coin=aave&field=name&q=homepage"), []);
  assertEquals(await ids("limit=1&q=aave"), ["name"]);
});

Deno.test("a filter that finds little says where to go on instead of reading everything at once", async () => {
  await using room = await openRoom();
  const events = Array.from({ length: 9000 }, (_, index) => ({
    source: "cryptosync",
    id: `e${index}`,
    type: "cg.coin.info.updated",
    coin: "aave",
    receivedAt: index,
    timestamp: "",
    signature: "",
    body: new TextEncoder().encode(index === 10 ? '{"needle":1}' : "{}"),
    test: false,
    depth: 0,
    deliveries: [],
  }));
  await room.store.append(events);
  let pages = 0;
  const found: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; pages++) {
    const page: { items: { id: string }[]; next: string | null } = await room.json(
      `/api/events?q=needle&cursor=${cursor}`,
    );
    found.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  }
  assertEquals(found, ["e10"]);
  assertEquals(pages, 3);
});

Deno.test("events are narrowed by time, exactly, also where the clock was set back", async () => {
  await using room = await openRoom();
  const at = (minute: number) => Date.UTC(2026, 0, 1, 0, minute);
  const minutes = [0, 1, 2, 60, 61, 59, 62, 120, 121, 122];
  await room.store.append(minutes.map((minute) => anEvent(`m${minute}`, { receivedAt: at(minute) })));
  const ids = async (query: string) =>
    (await room.json(`/api/events?${query}`)).items.map(({ id }: { id: string }) => id);
  assertEquals(await ids(`since=${at(121)}`), ["m122", "m121"]);
  assertEquals(await ids(`until=${at(2)}`), ["m1", "m0"]);
  assertEquals(await ids(`since=${at(60)}&until=${at(120)}`), ["m62", "m61", "m60"]);
  assertEquals(await ids(`since=${new Date(at(59)).toISOString()}&until=${at(61)}`), ["m59", "m60"]);
  assertEquals(await ids(`since=${at(59)}&until=${at(63)}&limit=2`), ["m62", "m59"]);
  assertEquals(await ids(`since=${at(59)}&after=0&limit=2`), ["m60", "m61"]);
  assertEquals(await ids(`since=${at(500)}`), []);
  assertEquals((await ids("until=2027")).length, minutes.length); // a year, not the milliseconds of one
  assertEquals(await ids("since=2027"), []);
});

Deno.test("dead letters are narrowed by time, replays of old events among them, and no older ones walked through", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log", events: ["cg.*"] }] });
  await room.dispatcher.stop(0);
  const at = (minute: number) => Date.UTC(2026, 0, 1, 0, minute);
  const count = 400;
  await room.store.append(
    Array.from({ length: count }, (_, minute) =>
      anEvent(`m${minute}`, {
        receivedAt: at(minute),
        deliveries: [{ route: "all", matched: null, dueAt: at(minute) }],
      })),
  );
  const [old] = await room.store.events({ id: "m7" }, { limit: 1 });
  await room.store.replay([{ event: old!.seq, route: "all", matched: null, replayOf: null }], at(count));
  const lease = { relay: "test", now: at(count), leaseUntil: at(count + 1) };
  const routes = [{ route: "all", limit: count + 1, order: "any" as const, rate: null }];
  const { claimed } = await room.store.claim({ ...lease, routes });
  await room.store.settle(
    "test",
    claimed.map(({ delivery: { id, route } }) => ({
      delivery: id,
      attempt: { number: 1, startedAt: 0, durationMs: 1, outcome: "permanent", error: "no", sent: [] },
      next: { state: "dead" },
      route,
      kv: [],
      emitted: [],
    })),
    at(count),
  );
  const ids = async (query: string) =>
    (await room.json(`/api/dead-letters?limit=3&${query}`)).items.map((one: { event: { id: string } }) =>
      one.event.id
    );
  assertEquals(await ids(""), ["m7", "m399", "m398"]);
  assertEquals(await ids(`since=${at(390)}`), ["m399", "m398", "m397"]);
  assertEquals(await ids(`since=${at(398)}`), ["m399", "m398"]);
  assertEquals(await ids(`since=${at(5)}&until=${at(9)}`), ["m7", "m8", "m7"]);
  let looked = 0;
  const { deliveries } = room.store;
  room.parts.store.deliveries = async (filter, page) => {
    const found = await deliveries.call(room.store, filter, page);
    looked += found.length;
    return found;
  };
  assertEquals(await ids(`since=${at(390)}&until=${at(391)}`), ["m390"]);
  assertEquals(await ids(`since=${at(500)}`), []);
  assert(looked < 100, `${looked} of ${count} were looked at`);
});

Deno.test("an event is found by its id, whatever it holds, and shows body, signature, deliveries and attempts", async () => {
  await using room = await openRoom({
    routes: ROUTES,
    run: () => ({
      outcome: "retry",
      error: "503 from x",
      sent: [{ what: "POST https://x.example/•••", status: 503, body: `{"text":"${GOLDEN_SECRET}"}` }],
    }),
  });
  const id = "evt/with:colons?and %20 café";
  // A header carries bytes; the id arrives as they read.
  const body = coinBody("aave", [update("links.homepage", [], ["https://a.example"])]);
  await room.deliver({ id: "evt/with:colons?and%20", body });
  const path = `/api/events/${encodeURIComponent("evt/with:colons?and%20")}`;
  const event = await until("both are dead", async () => {
    const now = await room.json(path);
    return now.deliveries.every(({ state }: { state: string }) => state === "dead") ? now : null;
  });
  assertEquals(event.body, body);
  assertEquals(event.bodyBase64, null);
  assertEquals(event.signature.valid, true);
  assertMatch(event.signature.value, /^[0-9a-f]{64}$/);
  assertEquals(event.deliveries.map((d: { route: string }) => d.route), ["links", "all"]);
  assertEquals(
    event.deliveries[0].tries.map((t: { number: number; outcome: string; error: string }) => [
      t.number,
      t.outcome,
      t.error,
    ]),
    [[1, "retry", "503 from x"], [2, "retry", "503 from x"]],
  );
  assertEquals(event.deliveries[0].tries[1].sent, [
    { what: "POST https://x.example/•••", status: 503, body: '{"text":"•••"}' },
  ]);
  assertEquals((await room.json(`/api/events/seq:${event.seq}`)).id, event.id);
  assertEquals((await room.ask(`/api/events/${encodeURIComponent(id)}`)).status, 404);
});

Deno.test("an event id that two sources have is asked back", async () => {
  await using room = await openRoom({ sources: [{}, { name: "second", path: "/second" }] });
  await room.deliver({ id: "same", body: coinBody("aave", []) });
  await room.deliver({ id: "same", body: coinBody("btc", []) }, "/second");
  assertEquals((await room.ask("/api/events/same")).status, 409);
  assertEquals((await room.json("/api/events/same?source=second")).coin.id, "btc");
});

Deno.test("a body that is not UTF-8 is given as bytes too", async () => {
  await using room = await openRoom();
  await room.deliver({ id: "bytes", body: new Uint8Array([0xff, 0x00, 0x41]) });
  const event = await room.json("/api/events/bytes");
  assertEquals(event.type, null);
  assertEquals(event.bodyBase64, "/wBB");
  assertMatch(event.notUnderstood, /not JSON in UTF-8/);
  await room.deliver({ id: "marked", body: "\uFEFF{}" });
  const marked = await room.json("/api/events/marked");
  assertEquals([marked.body, marked.bodyBase64], ["\uFEFF{}", null]);
});

Deno.test("a dead letter is retried and then succeeds; another is discarded", async () => {
  await using room = await openRoom({ routes: ROUTES, run: () => ({ outcome: "permanent", error: "no" }) });
  await room.deliver({
    id: "e",
    body: coinBody("aave", [update("links.homepage", [], ["https://a.example"])]),
  });
  const dead = await until("two dead letters", async () => {
    const { items } = await room.json("/api/dead-letters?source=cryptosync");
    return items.length === 2 ? items : null;
  });
  assertEquals(dead.map((d: { event: { id: string } }) => d.event.id), ["e", "e"]);
  room.setRun(() => {});
  assertEquals(await (await room.post(`/api/deliveries/${dead[0].id}/retry`)).json(), { changed: 1 });
  await until("it is done", async () => (await room.json(`/api/deliveries/${dead[0].id}`)).state === "done");
  assertEquals(await (await room.post(`/api/deliveries/${dead[1].id}/discard`)).json(), { changed: 1 });
  assertEquals((await room.json("/api/dead-letters?source=cryptosync")).items, []);
  assertEquals((await room.json("/api/dead-letters?source=cryptosync&discarded=1")).items.length, 1);
  assertEquals((await room.post("/api/deliveries/999/retry")).status, 404);
});

Deno.test("many dead letters are counted first, then retried in steps; only those that are asked for", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log" }],
    run: () => ({ outcome: "permanent" }),
  });
  for (let i = 0; i < 12; i++) {
    await room.deliver({ id: `e${i}`, body: coinBody(i < 5 ? "aave" : "btc", []) });
  }
  const count = async (body: Record<string, unknown>) =>
    (await (await room.post("/api/dead-letters/retry", { ...body, preview: true })).json()).count;
  await until("all are dead", async () => await count({ source: "cryptosync" }) === 12);
  assertEquals(await count({ coin: "aave", source: "cryptosync" }), 5);
  assertEquals((await room.post("/api/dead-letters/retry", { ids: [] })).status, 400);

  room.setRun(() => {});
  const response = await room.post("/api/dead-letters/retry", { coin: "aave", source: "cryptosync" });
  assertEquals(response.status, 202);
  const { id, total } = await response.json();
  assertEquals(total, 5);
  const job = await until("the job has ended", async () => {
    const now = await room.json(`/api/jobs/${id}`);
    return now.state === "finished" ? now : null;
  });
  assertEquals(job.done, 5);
  await until(
    "they are done",
    async () =>
      (await room.json("/api/deliveries?state=done&coin=aave&source=cryptosync")).items.length === 5,
  );
  assertEquals(await count({ source: "cryptosync" }), 7);
});

Deno.test("nothing is done to all dead letters unless the body says so", async () => {
  await using room = await openRoom({
    routes: [{ name: "names", plugin: "log", fields: ["name"] }],
    run: () => ({ outcome: "permanent" }),
  });
  await room.deliver({ id: "e", body: coinBody("aave", [update("name", "a", "b")]) });
  await until("it is dead", async () => (await room.json("/api/dead-letters")).items.length === 1);
  const told = async (action: string, body: unknown) => {
    const response = await room.ask(`/api/dead-letters/${action}`, {
      method: "POST",
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return [response.status, (await response.json()).detail];
  };
  const which =
    'say which: "all": true for every one, or "ids", or route, coin, source, event, since, until.';
  for (const action of ["retry", "discard"]) {
    for (const body of [undefined, {}, { all: false }, { preview: true }]) {
      assertEquals(await told(action, body), [400, which], `${action} ${JSON.stringify(body)}`);
    }
    assertEquals(await told(action, { route: [] }), [400, "route: must name a route."]);
    assertEquals(await told(action, { ids: [] }), [400, "ids: must name a delivery."]);
    const two = '"ids", filters and "all" exclude each other.';
    assertEquals(await told(action, { ids: [1], route: ["names"] }), [400, two]);
    assertEquals(await told(action, { all: true, coin: "aave" }), [400, two]);
  }
  for (const body of [{ coin: "" }, { source: "" }, { event: "" }, { route: [""] }]) {
    const response = await room.post("/api/dead-letters/discard", { ...body, preview: true });
    assertEquals(await response.json(), { count: 0, exact: true }, JSON.stringify(body));
  }
  assertEquals((await room.post("/api/dead-letters/discard", { all: true })).status, 202);
  await until("it is discarded", async () => (await room.json("/api/dead-letters")).items.length === 0);
});

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

Deno.test("what waits for a route that is not in force is told, and its dead letters are counted", async () => {
  const gone = { name: "gone", plugin: "http", fields: ["name"] };
  const first = await openRoom({ routes: [gone], run: () => ({ outcome: "permanent", error: "no" }) });
  await first.deliver({ id: "dead", body: coinBody("aave", [update("name", "a", "b")]) });
  await until("it is a dead letter", async () => (await first.json("/api/dead-letters")).items.length === 1);
  await first.close();
  await using second = await openRoom({ folder: first.folder, routes: ROUTES });
  const deliveries = [{ route: "gone", matched: null, dueAt: 0 }];
  await second.store.append(["a", "b"].map((id) => anEvent(id, { deliveries })));
  const { problems, waiting, dead } = await second.json("/api/overview");
  assertEquals([waiting, dead], [2, 1]);
  assertEquals(problems.map(({ text }: { text: string }) => text).slice(-2), [
    "1 dead letter",
    "2 deliveries wait for what is not in force: gone; bring the plugin back, give config.json a route of that name, or discard them",
  ]);
});

Deno.test("what waits for a route that is not in force is discarded only when that is said", async () => {
  await using room = await openRoom({ routes: [{ name: "here", plugin: "log", fields: ["nothing"] }] });
  const deliveries = ["gone", "here", "lost"].map((route) => ({ route, matched: null, dueAt: 1e15 }));
  await room.store.append(["a", "b", "c"].map((id) => anEvent(id, { deliveries, coin: id })));
  const waits = async () =>
    (await room.store.counts()).flatMap(({ route, state, count }) => [`${route} ${state} ${count}`]).sort();
  const all = ["gone pending 3", "here pending 3", "lost pending 3"];
  const discard = async (body: Record<string, unknown>) => {
    const response = await room.post("/api/dead-letters/discard", body);
    const answer = await response.json();
    if (response.status !== 202) return answer.detail;
    await until(
      "the job has ended",
      async () => (await room.json(`/api/jobs/${answer.id}`)).state === "finished",
    );
    return answer.total;
  };
  assertEquals(await discard({ all: true }), 0);
  assertEquals(await discard({ route: ["gone"] }), 0);
  assertMatch(await discard({ waiting: true }), /^say which: /);
  assertEquals(
    await discard({ waiting: true, route: ["gone", "here"] }),
    "The route “here” is in force: what waits for it is delivered.",
  );
  assertMatch(
    (await (await room.post("/api/dead-letters/retry", { waiting: true })).json()).detail,
    /“waiting”/,
  );
  const { items } = await room.json("/api/deliveries?route=gone,here&coin=a");
  for (const { id, route } of items) {
    const { changed } = await (await room.post(`/api/deliveries/${id}/discard`)).json();
    assertEquals(changed, route === "gone" ? 1 : 0);
  }
  assertEquals(await waits(), ["gone pending 2", ...all.slice(1)]);

  assertEquals(await discard({ waiting: true, ids: items.map(({ id }: { id: number }) => id) }), 0);
  assertEquals(await discard({ waiting: true, coin: "b" }), 2);
  assertEquals(await discard({ waiting: true, route: ["gone"] }), 1);
  assertEquals(await waits(), ["here pending 3", "lost pending 2"]);
  assertEquals(await discard({ waiting: true, all: true }), 2);
  assertEquals(await waits(), ["here pending 3"]);
  assertEquals(await discard({ waiting: true, all: true }), 0);
  assertEquals(await waits(), ["here pending 3"], "no route is left behind, which is not all routes");
  assertEquals(room.actions.filter(([action]) => action === "discard many").at(-1), [
    "discard many",
    { waiting: true, done: 0, state: "finished", error: null },
  ]);
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

Deno.test("an event is found, and replayed, by an id as long as a header may be", async () => {
  await using room = await openRoom({ routes: ROUTES });
  const id = `evt:${"x".repeat(4000)}/é`;
  await room.deliver({ id, body: "not understood, so no route takes it" });
  assertEquals((await room.json(`/api/deliveries?event=${encodeURIComponent(id)}`)).items, []);
  assertEquals((await room.json(`/api/events/${encodeURIComponent(id)}`)).id, id);
  assertEquals((await room.post("/api/replay", { event: id, route: "all" })).status, 201);
  assertEquals(
    (await room.json(`/api/deliveries?event=${encodeURIComponent(id)}`)).items[0].event.id,
    id,
  );
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
