import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { between, textOf } from "./page_text.ts";
import { coinBody, openRoom, update } from "./room.ts";

type Room = Awaited<ReturnType<typeof openRoom>>;

const page = async (room: Room, path: string) => await (await room.ask(path)).text();
/** What stands above the first card. */
const head = (html: string) => textOf(between(html, '<div class="head">', "<section"));

Deno.test("an event's page begins with whose it is, what it is and how grave", async () => {
  await using room = await openRoom();
  const grave = [update("platforms.ethereum", "0xa", "0xb")];
  await room.deliver({ id: "named", body: coinBody("usd-coin", grave, "USDC") });
  await room.deliver({ id: "bare", body: coinBody("usd-coin", [], "") });
  await room.deliver({ id: "nobody", body: '{"event_type":"x.y","data":{"id":""}}' });
  await room.deliver({ id: "junk", body: "junk" });
  const begins = async (id: string) => head(await page(room, `/events/${id}`)).replace(/\S+ \S+ UTC/, "TIME");
  assertEquals(await begins("named"), "USDC Coin information updated · TIME critical");
  assertEquals(await begins("bare"), "usd-coin Coin information updated · TIME");
  assertMatch(await begins("nobody"), /^nobody .* · TIME$/);
  assertMatch(
    await begins("junk"),
    /^junk not understood · TIME warning This body was not understood, so no route takes it: /,
  );
  const { seq } = await (await room.post("/api/test-event")).json();
  assertMatch(await begins(`seq:${seq}`), /TIME test/);
});

Deno.test("an event's page lists its changes where it has any, and says where it carries none", async () => {
  await using room = await openRoom();
  await room.deliver({
    id: "two",
    body: coinBody("x", [update("name", "a", "b"), update("symbol", "c", "d")]),
  });
  await room.deliver({ id: "none", body: coinBody("x", []) });
  await room.deliver({ id: "listed", body: '{"event_type":"cg.coin.listed","data":{"id":"x"}}' });
  const changes = async (id: string) => {
    const html = await page(room, `/events/${id}`);
    return html.includes("Changes</h2>") ? textOf(between(html, "Changes</h2>", "</section>")) : null;
  };
  assertEquals(
    await changes("two"),
    "Changes 2 What Field Before → after Name changed name a → b Ticker changed symbol c → d",
  );
  assertEquals(await changes("none"), "Changes 0 It carries no changes");
  assertEquals(await changes("listed"), null);
});

Deno.test("an event's page tells where it came from, how it was signed, and what it held", async () => {
  await using room = await openRoom();
  await room.deliver({ id: "e", body: '{"event_type":"cg.coin.listed","data":{"id":"x"}}' });
  await room.deliver({ id: "junk", body: "junk" });
  await room.store.append([anEvent("emitted", { depth: 2, timestamp: "", signature: "", source: "relay" })]);
  const raw = async (id: string) =>
    textOf(between(await page(room, `/events/${id}`), "As it came</h2>", "</section>"));
  assertMatch(
    await raw("e"),
    /Source cryptosync Event id e Event type cg\.coin\.listed x-cg-timestamp \d+ x-cg-event-id e x-cg-signature [0-9a-f]{64} valid \{"event_type"/,
  );
  assertMatch(await raw("e"), /Indented \{ "event_type".* As curl .*As a test/);
  const junk = await raw("junk");
  assertMatch(junk, /Event type – x-cg-timestamp/);
  assertEquals([junk.includes("Indented"), junk.includes("Emitted")], [false, false]);
  const emitted = await raw("emitted");
  assertMatch(emitted, /Source relay Event id emitted Event type \S+ Emitted by a plugin, 2 deep \{/);
  assertEquals([emitted.includes("x-cg-"), emitted.includes("As curl")], [false, false]);
});

Deno.test("an event is tried dry and replayed on its page, where there is a route for it", async () => {
  const runs = [
    { outcome: "done" as const, error: null, lines: [] },
    { outcome: "failed" as const, error: "no option", lines: ["POST https://x.example/"] },
  ];
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["none"] }],
    dryRun: () => runs.shift()!,
  });
  await room.deliver({ id: "e", body: coinBody("x", []) });
  const untouched = await page(room, "/events/e");
  assertMatch(
    textOf(between(untouched, "Deliveries</h2>", "</section>")),
    /all Replay to it Try it dry No route took it/,
  );
  const post = async (what: string) =>
    await room.ask("/events/seq:1/do", {
      method: "POST",
      body: new URLSearchParams({ do: what, route: "all" }),
    });
  const tried = async () => {
    const box = between(await (await post("try")).text(), 'id="dry"', "</section>");
    return [/class="badge (\w+)"/.exec(box)![1], textOf(box.replace(/^[^>]*>/, ""))];
  };
  const nothing = "This is what the route would have sent. Nothing went out.";
  assertEquals(await tried(), ["good", `Tried dry: all done ${nothing} It would have sent nothing.`]);
  assertEquals(await tried(), ["bad", `Tried dry: all failed ${nothing} no option POST https://x.example/`]);
  assertEquals((await post("replay")).headers.get("location"), "/events/seq:1?done=replay");
  await until("it is done", async () => (await room.json("/api/deliveries")).items[0]?.state === "done");
  const done = await page(room, "/events/seq:1?done=replay");
  assertStringIncludes(textOf(done), "A new delivery was made.");
  assertEquals(textOf(done).includes("No route took it"), false);
  await using bare = await openRoom();
  await bare.deliver({ id: "e", body: coinBody("x", []) });
  assertEquals((await page(bare, "/events/e")).includes("Replay to it"), false);
});
