import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { anEvent } from "../store/fixtures.ts";
import { coinBody, giveUp, openRoom, update } from "./room.ts";
import { between, textOf } from "./page_text.ts";

const encoder = new TextEncoder();
type Room = Awaited<ReturnType<typeof openRoom>>;

const page = async (room: Room, path: string) => await (await room.ask(path)).text();

/** The rows of the live view, each as its gravity and its text, without its time. */
function rowsOf(html: string): string[] {
  return [...html.matchAll(/<li [^>]*data-severity="(\w+)">(.*?)<\/li>/gs)].map(([, severity, row]) =>
    `${severity}: ${textOf(row!).replace(/Open this event, \S+ \S+ UTC /, "").replaceAll("☆ ", "")}`
  );
}

/** The rows of events with such bodies, the newest last. */
async function shown(...bodies: unknown[]): Promise<string[]> {
  await using room = await openRoom();
  for (const [index, body] of bodies.entries()) {
    await room.deliver({ id: `e${index}`, body: typeof body === "string" ? body : JSON.stringify(body) });
  }
  return rowsOf(await page(room, "/")).reverse();
}

Deno.test("a row says whose event it is and what changed, up to four of its changes", async () => {
  const changes = Array.from({ length: 4 }, (_, index) => update("name", `a${index}`, `b${index}`));
  assertEquals(
    await shown(
      coinBody("usd-coin", changes, "USDC"),
      coinBody("x", [...changes, update("links.homepage", "", "https://x.example")], ""),
      coinBody("x", [{ field: "public_notices", change_type: "removal", old_value: "Beware" }]),
    ),
    [
      `notice: notice USDC USD-COIN ${changes.map((_, n) => `Name changed a${n} → b${n}`).join(" ")}`,
      `notice: notice x X ${changes.map((_, n) => `Name changed a${n} → b${n}`).join(" ")} and 1 more`,
      "notice: notice x X Public notice removed Beware",
    ],
  );
});

Deno.test("a row of an event without changes says the first facts of its data, an error first, a summary alone", async () => {
  const of = (data: unknown) => ({ event_type: "cg.coin.listed", data });
  assertEquals(
    await shown(
      of({
        id: "aave",
        symbol: "aave",
        name: "Aave",
        price: { usd: 92, eur: null },
        tags: ["a"],
        on: true,
        more: 1,
      }),
      of({ id: "aave", name: "Aave", price: 1, error: "no price" }),
      of({ id: "aave", name: "Aave", price: 1, summary: "Aave was listed" }),
      of({}),
      "not json",
    ),
    [
      'notice: notice Aave AAVE New coin listed price.usd 92 price.eur null tags ["a"] on true',
      "notice: notice Aave New coin listed error no price price 1",
      "notice: notice Aave New coin listed Aave was listed",
      "notice: notice cryptosync New coin listed",
      "warning: warning cryptosync not understood: see its body",
    ],
  );
});

Deno.test("a row is marked as a test only where it is one, and as grave only where it is", async () => {
  await using room = await openRoom();
  await room.deliver({
    id: "e",
    body: coinBody("x", [{ field: "categories", change_type: "addition", new_value: "a" }]),
  });
  const plain = between(await page(room, "/"), '<li class="event"', "</li>");
  assertMatch(plain, /data-severity="info"><span class="sev" ?><\/span>/);
  assertEquals(plain.includes("badge plain"), false);
  await room.post("/api/test-event");
  assertStringIncludes(
    between(await page(room, "/"), '<li class="event"', "</li>"),
    '<span class="badge plain">test',
  );
});

Deno.test("the live view's form holds what it is narrowed by, opens what is seldom used, and leads back to all", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log" }] });
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  const whole = await page(room, "/");
  const clear = '<a class="button quiet" href="/">Clear</a>';
  const more = (html: string) => /<details class="extra-switch"\s*(open)?\s*>/.exec(html)![1] !== undefined;
  assertEquals([more(whole), whole.includes(clear)], [false, false]);
  const coin = await page(room, "/?coin=aave");
  assertEquals([more(coin), coin.includes(clear)], [false, true]);
  assertStringIncludes(coin, '<input name="coin" value="aave"');
  const narrowed = await page(room, "/?coin=aave&field=links.*&q=x&source=cryptosync");
  assertEquals([more(narrowed), narrowed.includes(clear)], [true, true]);
  assertMatch(narrowed, /name="field" value="links.\*".*name="q" type="search" value="x"/s);
  assertStringIncludes(narrowed, '<input type="hidden" name="source" value="cryptosync">');
});

Deno.test("only the newest page of the live view goes on by itself, from the newest event that it shows", async () => {
  await using room = await openRoom();
  for (const id of ["a", "b", "c"]) await room.deliver({ id, body: coinBody(id, []) });
  const newest = await page(room, "/?limit=2");
  assertMatch(newest, /<ol class="events" data-events="" data-newest="3"/);
  assertStringIncludes(newest, "data-connection");
  assertStringIncludes(newest, 'data-pause="');
  const older = await page(room, "/?limit=2&cursor=2");
  assertMatch(older, /<ol class="events"\s+data-newest="1"/);
  assertEquals([older.includes("data-connection"), older.includes('data-pause="')], [false, false]);
});

Deno.test("where the live view shows no event it says why, and what leads on", async () => {
  await using room = await openRoom();
  const none = async (path: string) => {
    const html = await page(room, path);
    const box = between(html, "<div data-none", "</section>");
    return [box.startsWith('<div data-none="true" hidden'), textOf(between(box, "<strong>", "</div>"))];
  };
  const [hidden, waiting] = await none("/");
  assertEquals(hidden, false);
  assertMatch(
    String(waiting),
    /^Waiting for the first event .* ending in \/webhook \. .* http:\/\/127.0.0.1:8080\/webhook/,
  );
  const nothing = "New ones appear here as they arrive. Widen the filter to see others. Clear the filter";
  assertEquals(await none("/?coin=aave"), [false, `No event matches ${nothing}`]);
  await room.store.append(
    Array.from({ length: 4100 }, (_, index) => anEvent(`e${index}`, { body: encoder.encode("{}") })),
  );
  assertEquals((await none("/"))[0], true);
  assertEquals(await none("/?q=needle"), [
    false,
    "Nothing found so far Older events have not been looked through yet: go on with “Older” below.",
  ]);
  assertEquals(await none("/?coin=aave"), [false, `No event matches ${nothing}`]);
  for (const path of ["/?cursor=1", "/?coin=aave&cursor=1"]) {
    assertEquals(await none(path), [false, "No more of them"]);
  }
});

Deno.test("the live view's tiles say when the last event came, how many wait and how many are dead letters", async () => {
  let later = 0;
  await using room = await openRoom({
    now: () => Date.now() + later,
    routes: [{ name: "all", plugin: "log" }],
  });
  const tiles = async () =>
    textOf(between(await page(room, "/"), '<div class="tiles">', 'class="tile chart"'));
  assertMatch(await tiles(), /^Last event – In the last minute 0 Waiting 0 Dead letters 0/);
  assertEquals((await page(room, "/")).includes('class="value warn"'), false);
  await room.dispatcher.stop(0);
  const deliveries = [{ route: "all", matched: null, dueAt: 0 }];
  await room.store.append(Array.from({ length: 1200 }, (_, index) => anEvent(`e${index}`, { deliveries })));
  await room.deliver({ id: "now", body: coinBody("x", []) });
  await giveUp(room.store, 1, 1);
  later = 1000; // what is told of the whole relay is a second old at most
  const fresh = await page(room, "/");
  assertMatch(
    textOf(between(fresh, '<div class="tiles">', 'class="tile chart"')),
    /^Last event \S+ \S+ UTC In the last minute \d+ Waiting 1,200 Dead letters 1/,
  );
  assertStringIncludes(fresh, 'class="value warn" data-tile="dead"');
});
