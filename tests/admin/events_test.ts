import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { secretValues } from "../../lib/config/secrets.ts";
import { anEvent } from "../store/fixtures.ts";
import { coinBody, openRoom, update } from "./room.ts";

const SECOND = { name: "second", path: "/second", secrets: ["whsec_the_second_one"] };
type Room = Awaited<ReturnType<typeof openRoom>>;

/** Pages of a listing of events, each as ids; each page's `next` is the next one's cursor. */
async function pagesOf(room: Room, query: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor: string | null = ""; cursor !== null && pages.length < 20;) {
    const page: { items: { id: string }[]; next: string | null } = await room.json(
      `/api/events?${query}&cursor=${cursor}`,
    );
    pages.push(page.items.map(({ id }) => id));
    cursor = page.next;
  }
  return pages;
}

Deno.test("no page of events is empty where all that were left fit into the one before", async () => {
  await using room = await openRoom();
  for (let i = 0; i < 6; i++) {
    await room.deliver({ id: `e${i}`, body: coinBody(i % 2 ? "odd" : "level", []) });
  }
  assertEquals(await pagesOf(room, "limit=3"), [["e5", "e4", "e3"], ["e2", "e1", "e0"]]);
  assertEquals(await pagesOf(room, "limit=3&after=0"), [["e0", "e1", "e2"], ["e3", "e4", "e5"]]);
  assertEquals(await pagesOf(room, "limit=2&after=1"), [["e1", "e2"], ["e3", "e4"], ["e5"]]);
  assertEquals(await pagesOf(room, "limit=3&coin=odd"), [["e5", "e3", "e1"]]);
  assertEquals(await pagesOf(room, "limit=2&q=level&after=0"), [["e0", "e2"], ["e4"]]);
  assertEquals(await pagesOf(room, "limit=500"), [["e5", "e4", "e3", "e2", "e1", "e0"]]);
});

Deno.test("events are narrowed by source, by test or none, and by a change that is all that is asked of it", async () => {
  await using room = await openRoom({ sources: [{}, SECOND] });
  const changes = [
    update("links.homepage", [], ["https://a.example"]),
    { field: "name", change_type: "addition" },
  ];
  await room.deliver({ id: "both", body: coinBody("aave", changes) });
  await room.deliver({ id: "second", secret: SECOND.secrets[0]!, body: coinBody("btc", []) }, "/second");
  await room.deliver({ id: "junk", body: "junk" });
  await room.store.append([anEvent("test", { test: true, coin: null })]);
  const ids = async (query: string) => (await pagesOf(room, query)).flat();
  assertEquals(await ids("source=second"), ["second"]);
  assertEquals(await ids("test=1"), ["test"]);
  for (const none of ["0", "false"]) assertEquals(await ids(`test=${none}`), ["junk", "second", "both"]);
  assertEquals(await ids("test=true&source=second"), []);
  assertEquals(await ids("notUnderstood=true"), ["junk"]);
  assertEquals(await ids("notUnderstood=0&coin=aave , btc,"), ["second", "both"]);
  assertEquals(await ids("field=name,&changeType=addition"), ["both"]);
  assertEquals(await ids("field=links.*&changeType=addition"), []);
});

Deno.test("what a listing takes has bounds, and what is beyond them is told", async () => {
  await using room = await openRoom();
  const told = async (query: string) => {
    const { status, detail = "" } = await room.json(`/api/events?${query}`);
    return status === undefined ? "" : `${status} ${detail}`;
  };
  const coins = (count: number) => `coin=${Array.from({ length: count }, (_, i) => `c${i}`)}`;
  assertEquals([await told("limit=500"), await told(coins(50)), await told(`q=${"x".repeat(500)}`)], [
    "",
    "",
    "",
  ]);
  assertMatch(await told("limit=501"), /^400 limit: .*<=500/);
  assertMatch(await told(coins(51)), /^400 coin: must name at most 50 coins/);
  assertMatch(await told(`q=${"x".repeat(501)}`), /^400 q: .*500/);
  assertMatch(await told(`cursor=${"9".repeat(16)}`), /^400 cursor: must be a whole number/);
  assertMatch(await told("test=maybe"), /^400 test: /);
});

Deno.test("an event whose id looks like a seq is found by it, where no event has that seq", async () => {
  await using room = await openRoom({ sources: [{}, SECOND] });
  await room.deliver({ id: "seq:77", body: coinBody("aave", []) });
  assertEquals((await room.json("/api/events/seq:77")).seq, 1);
  assertEquals((await room.json("/api/events/seq:1")).id, "seq:77");
  assertEquals((await room.json("/api/events/seq:2")).status, 404);
});

Deno.test("a signature is right, was right, or is none", async () => {
  await using room = await openRoom({ sources: [{}, SECOND] });
  await room.deliver({ id: "first", body: coinBody("aave", []) });
  await room.deliver({ id: "second", secret: SECOND.secrets[0]!, body: coinBody("aave", []) }, "/second");
  await room.store.append([anEvent("own", { source: "relay", timestamp: "", signature: "" })]);
  const valid = async () =>
    await Promise.all(
      ["first", "second", "own"].map(async (id) => (await room.json(`/api/events/${id}`)).signature.valid),
    );
  assertEquals(await valid(), [true, true, null]);
  const next = structuredClone(room.config);
  next.sources[0]!.secrets = ["whsec_rotated", ...next.sources[0]!.secrets];
  next.sources[1]!.secrets = ["whsec_rotated_too"];
  room.setConfig(next);
  assertEquals(await valid(), [true, false, null]);
  const page = async (id: string) => await (await room.ask(`/events/${id}`)).text();
  assertStringIncludes(await page("first"), '<span class="badge good">valid</span>');
  assertMatch(await page("second"), /class="badge"[^>]*>\s*valid when received/);
});

Deno.test("a source's refusals are its own, newest first, and hold no secret", async () => {
  await using room = await openRoom({ sources: [{}, SECOND] });
  await room.deliver({ id: "a", secret: "whsec_wrong" });
  await room.deliver({ id: "b", secret: SECOND.secrets[0]! });
  await room.deliver({ id: "c", secret: "whsec_wrong" }, "/second");
  const refused = async (source: string) =>
    (await room.json(`/api/sources/${source}/refusals`)).items.map((one: { headers: { id: string } }) =>
      one.headers.id
    );
  assertEquals([await refused("cryptosync"), await refused("second")], [["b", "a"], ["c"]]);
  assertEquals((await room.json("/api/sources/nobody/refusals")).status, 404);
  const { items } = await room.json("/api/sources");
  assertEquals(items.map((one: { rejected: { bad_signature: number } }) => one.rejected.bad_signature), [
    2,
    1,
  ]);
  const reasons = items.map(({ day }: { day: { rejected: number; reasons: unknown }[] }) => day.at(-1));
  assertEquals(reasons.map(({ rejected, reasons }: Record<string, unknown>) => [rejected, reasons]), [
    [2, { bad_signature: 2 }],
    [1, { bad_signature: 1 }],
  ]);
  const shown = await (await room.ask("/sources")).text();
  assertEquals(secretValues(room.config).filter((secret) => shown.includes(secret)), []);
});

Deno.test("how much an event matters is its gravest change, else what it says of itself, else its type", async () => {
  await using room = await openRoom();
  const events: [body: Record<string, unknown> | string, severity: string][] = [
    ["junk", "warning"],
    [{ event_type: "cg.coin.price.updated", data: { severity: "critical" } }, "info"],
    [{ event_type: "cg.coin.listed", data: {} }, "notice"],
    [{ event_type: "relay.link.suspicious", data: {} }, "critical"],
    [{ event_type: "relay.link.suspicious", data: { severity: "notice" } }, "notice"],
    [{ event_type: "relay.link.suspicious", data: { severity: "dire" } }, "critical"],
    [{ event_type: "constructor", data: {} }, "info"],
    [JSON.parse(coinBody("a", [])), "info"],
    [
      JSON.parse(coinBody("a", [update("image", "a", "b"), update("public_notices", "", "A breach.")])),
      "critical",
    ],
  ];
  for (const [body] of events) {
    await room.deliver({ body: typeof body === "string" ? body : JSON.stringify(body) });
  }
  const { items } = await room.json("/api/events?after=0");
  assertEquals(items.map(({ severity }: { severity: string }) => severity), events.map(([, one]) => one));
  const [junk, price] = items;
  assertEquals([junk.coin, junk.data, junk.changes], [null, null, null]);
  assertEquals([price.coin, price.data, price.changes], [null, { severity: "critical" }, null]);
  assertEquals([items.at(-1).coin.id, items.at(-1).data], ["a", null]);
});

Deno.test("what is asked for by a program is answered to one, whatever it would like to read", async () => {
  await using room = await openRoom();
  const accept = "text/html,application/json;q=0.9";
  const type = async (path: string) =>
    (await room.ask(path, { headers: { accept } })).headers.get("content-type");
  assertEquals(await type("/api/nothing"), "application/problem+json");
  assertEquals(await type("/nothing"), "text/html; charset=UTF-8");
  const { StoreUnavailable } = await import("../../lib/store/contract.ts");
  room.parts.store.event = () => Promise.reject(new StoreUnavailable("the disk is full"));
  for (const path of ["/events/seq:1", "/api/events/seq:1"]) {
    const { status, headers } = await room.ask(path, { headers: { accept } });
    assertEquals([status, headers.get("retry-after")], [503, "5"], path);
  }
  assertStringIncludes(
    await (await room.ask("/nothing", { headers: { accept } })).text(),
    "<h1>Not Found</h1>",
  );
});
