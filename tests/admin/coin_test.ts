import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { coinView } from "../../lib/admin/read/coin.ts";
import { between, textOf } from "./page_text.ts";
import { coinBody, openRoom, update } from "./room.ts";

const change = (field: string, change_type: string, old_value?: unknown, new_value?: unknown) => ({
  field,
  change_type,
  ...(old_value !== undefined && { old_value }),
  ...(new_value !== undefined && { new_value }),
});

Deno.test("a coin is what its events said last of each field, by group", async () => {
  await using room = await openRoom();
  await room.deliver({
    body: coinBody("aave", [
      update("name", "LEND", "Aave"),
      update("links.homepage", ["https://a.example"], ["https://b.example"]),
      change("platforms.tron", "addition", undefined, "T1"),
      update("public_notices", "", "A notice."),
      change("additional_notices.0", "addition", undefined, "Another."),
      update("links.chat", "a", null),
    ]),
  });
  await room.deliver({
    body: coinBody("aave", [
      update("links.homepage", ["https://b.example"], ["https://c.example"]),
      update("links.homepage", ["https://c.example"], ["https://d.example"]), // the last of one event holds
      change("platforms.tron", "removal", "T1", ""),
      update("public_notices", "A notice.", ""),
      update("image", "a.png", "b.png"),
      update("links.forum", ["x"], []),
      update("market_cap_rank", 7, 0),
    ]),
  });
  await room.deliver({ body: coinBody("btc", [update("name", "x", "y")]) });
  const coin = (await coinView(room.store, "aave"))!;
  const told = coin.groups.map(({ title, known }) => [
    title,
    known.map(({ field, value, gone, seq, changes }) => [field, value, gone ? "gone" : "", seq, changes]),
  ]);
  assertEquals(told, [
    ["Names", [["image", "b.png", "", 2, 1], ["name", "Aave", "", 1, 1]]],
    ["Contracts", [["platforms.tron", "T1", "gone", 2, 2]]],
    ["Notices", [["additional_notices.0", "Another.", "", 1, 1], [
      "public_notices",
      "A notice.",
      "gone",
      2,
      2,
    ]]],
    ["Links", [
      ["links.chat", "a", "gone", 1, 1],
      ["links.forum", ["x"], "gone", 2, 1],
      ["links.homepage", ["https://d.example"], "", 2, 3],
    ]],
    ["Other fields", [["market_cap_rank", 0, "", 2, 1]]],
  ]);
  assertEquals(coin.events.map(({ seq }) => seq), [2, 1]);
  assertEquals(await coinView(room.store, "nobody"), null);
});

Deno.test("a coin's categories are told as it joined or left each last", async () => {
  await using room = await openRoom();
  await room.deliver({
    body: coinBody("aave", [
      change("categories", "addition", undefined, "defi"),
      change("categories", "addition", undefined, "lending"),
      change("categories", "removal", "meme", ""),
    ]),
  });
  await room.deliver({
    body: coinBody("aave", [
      change("categories", "removal", "lending"),
      change("categories", "addition", undefined, "meme"),
      change("categories", "addition"),
    ]),
  });
  await room.deliver({ body: coinBody("btc", [update("categories", ["a"], ["b"])]) });
  const { categories, groups } = (await coinView(room.store, "aave"))!;
  assertEquals(categories.map(({ name, left, seq }) => [name, left ? "left" : "joined", seq]), [
    ["meme", "joined", 2],
    ["lending", "left", 2],
    ["defi", "joined", 1],
  ]);
  assertEquals(groups, []);
  const whole = (await coinView(room.store, "btc"))!; // all of them at once
  assertEquals([whole.categories, whole.groups[0]!.known[0]!.value], [[], ["b"]]);
});

Deno.test("a coin's newest name is its name, and its page leads on to its older events", async () => {
  await using room = await openRoom();
  for (let i = 0; i < 101; i++) {
    const name = i === 0 ? "" : i === 100 ? "" : `Name ${i}`;
    await room.deliver({ body: coinBody("aave", [], name) });
  }
  const coin = (await coinView(room.store, "aave"))!;
  assertEquals([coin.name, coin.symbol, coin.events.length, coin.more], ["Name 99", "aave", 100, true]);
  const html = await (await room.ask("/coins/aave")).text();
  const [, older] = /href="([^"]+)"[^>]*>\s*Older/.exec(html)!;
  const { items } = await room.json(`/api/events${older!.slice(1).replaceAll("&amp;", "&")}`);
  assertEquals(items.map(({ seq }: { seq: number }) => seq), [1]);
  await room.deliver({ body: coinBody("nameless", [], "") });
  const nameless = (await coinView(room.store, "nameless"))!;
  assertEquals([nameless.name, nameless.more], ["nameless", false]);
});

Deno.test("a coin's page shows each field as it is known last, what is gone, and what it joined or left", async () => {
  await using room = await openRoom();
  await room.deliver({
    body: coinBody("aave", [
      update("name", "LEND", "Aave"),
      update("links.homepage", [], ["https://a.example", "https://b.example"]),
      change("links.forum", "removal", ["https://f.example"], []),
      change("links.chat", "removal"),
      change("categories", "addition", undefined, "defi"),
      change("categories", "removal", "meme"),
    ], "Aave"),
  });
  await room.deliver({ body: coinBody("bare", [], "") });
  const page = async (id: string) => await (await room.ask(`/coins/${id}`)).text();
  const html = await page("aave");
  const card = (title: string) =>
    textOf(between(html, `<section class="card" aria-label="${title}">`, "</section>")).replaceAll(
      /\S+ \S+ UTC/g,
      "TIME",
    );
  assertEquals(textOf(between(html, "<h1>", "</p>")), "Aave AAVE · aave");
  assertEquals(card("Names"), "Names Field Last known value Since Changes Name name Aave TIME 1");
  assertMatch(card("Links"), /links.chat gone TIME 1 .*links.forum gone \["https:\/\/f.example"\] TIME 1/);
  assertMatch(card("Links"), /links.homepage https:\/\/a.example https:\/\/b.example TIME 1$/);
  assertEquals(card("Categories"), "Categories left meme joined defi");
  assertMatch(card("Events"), /^Events 1 /);
  assertEquals(html.includes("Older"), false);
  const bare = await page("bare");
  assertEquals(textOf(between(bare, "<h1>", "</p>")), "bare bare");
  assertEquals([bare.includes("Categories"), bare.includes("Last known value")], [false, false]);
  assertStringIncludes(textOf(between(await page("nobody"), "<h1>", "</p>")), "nobody nobody");
});
