import { assertEquals, assertMatch } from "@std/assert";
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
