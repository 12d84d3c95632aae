import { assertEquals } from "@std/assert";
import type { Change, Content, Json } from "../../lib/nouns.ts";
import { createRouteTable, type RouteFilters } from "../../lib/route/table.ts";

function change(
  field: string,
  new_value: Json = "new",
  change_type: Change["change_type"] = "update",
): Change {
  return { field, change_type, old_value: "old", new_value };
}

function coinEvent(changes: Change[], coin = { id: "tether", symbol: "usdt", name: "Tether" }): Content {
  return { type: "cg.coin.info.updated", coin, changes, data: { ...coin } };
}

function priceEvent(data: Content["data"]): Content {
  return {
    type: "cg.coin.price.updated",
    coin: { id: "bitcoin", symbol: "", name: "" },
    changes: null,
    data,
  };
}

/** What one route with these filters takes of an event; undefined when it does not take it. */
function taken(filters: Omit<RouteFilters, "name">, content: Content): number[] | null | undefined {
  return createRouteTable([{ name: "r", ...filters }]).match(content)[0]?.matched;
}

const EVERY_FIELD = coinEvent([
  change("name"),
  change("links.homepage"),
  change("links.repos_url.github"),
  change("platforms.polygon-pos"),
  change("links"),
]);

const FIELD_CASES: [string[], number[] | undefined][] = [
  [["name"], [0]],
  [["*"], [0, 1, 2, 3, 4]],
  [["links.*"], [1, 2]],
  [["links.*.github"], [2]],
  [["*.homepage"], [1]],
  [["*.*"], [1, 2, 3]],
  [["*.*.*"], [2]],
  [["platforms.polygon*"], [3]],
  [["*.poly*pos"], [3]],
  [["platforms.p*.x"], undefined],
  [["link*.repos_url"], undefined],
  [["links.*", "!links.homepage"], [2]],
  [["!links.homepage", "links.*"], [2]],
  [["!links.*"], [0, 3, 4]],
  [["NAME"], undefined],
  [["name", "links"], [0, 4]],
  [["link.*"], undefined],
];
for (const [fields, expected] of FIELD_CASES) {
  Deno.test(`fields ${JSON.stringify(fields)} take ${JSON.stringify(expected ?? "nothing")}`, () => {
    assertEquals(taken({ fields }, EVERY_FIELD), expected);
  });
}

Deno.test("a route without filters takes an event whole, an empty list of changes too", () => {
  assertEquals(taken({}, EVERY_FIELD), null);
  assertEquals(taken({}, coinEvent([])), null);
});

Deno.test("a route with fields does not take an event with an empty list of changes", () => {
  assertEquals(taken({ fields: ["*"] }, coinEvent([])), undefined);
});

Deno.test("changeTypes choose among the changes that the fields took", () => {
  const event = coinEvent([
    change("name", "x", "addition"),
    change("name", "x", "removal"),
    change("symbol", "x", "removal"),
  ]);
  assertEquals(taken({ fields: ["name"], changeTypes: ["removal"] }, event), [1]);
  assertEquals(taken({ changeTypes: ["removal"] }, event), [1, 2]);
  assertEquals(taken({ changeTypes: ["update"] }, event), undefined);
});

Deno.test("coins take ids and patterns, and ! takes away", () => {
  const event = coinEvent([change("name")]);
  for (
    const [coins, takes] of [
      [["tether"], true],
      [["*"], true],
      [["teth*"], true],
      [["t*", "!tether"], false],
      [["usdt"], false],
      [["Tether"], false],
    ] as const
  ) {
    assertEquals(taken({ coins: [...coins] }, event), takes ? null : undefined, coins.join());
  }
});

Deno.test("events take types and patterns, also types unknown today", () => {
  const listed: Content = { ...priceEvent({ id: "x" }), type: "cg.coin.listed" };
  for (
    const [events, takes] of [
      [["cg.coin.listed"], true],
      [["cg.coin.*"], true],
      [["cg.*"], true],
      [[
        "cg.coin.price.*",
      ], false],
      [["cg.*.listed"], true],
      [["*.listed"], false],
      [["*", "!cg.coin.listed"], false],
    ] as const
  ) {
    assertEquals(taken({ events: [...events] }, listed), takes ? null : undefined, events.join());
  }
});

Deno.test("fields match paths of data where an event has no changes, which is then taken whole", () => {
  const event = priceEvent({ id: "bitcoin", price: { usd: 100_000, eur: null }, tags: ["a"] });
  assertEquals(taken({ fields: ["price.usd"] }, event), null);
  assertEquals(taken({ fields: ["price.eur"] }, event), null);
  assertEquals(taken({ fields: ["price"] }, event), null);
  assertEquals(taken({ fields: ["price.*"] }, event), null);
  assertEquals(taken({ fields: ["price.gbp"] }, event), undefined);
  assertEquals(taken({ fields: ["tags"] }, event), null);
  assertEquals(taken({ fields: ["tags.*"] }, event), undefined);
  assertEquals(taken({ fields: ["price.*", "!price.*"] }, event), undefined);
});

const WHERE_CASES: [string, RouteFilters["where"], boolean][] = [
  ["text is compared exactly", { "coin.symbol": "usdt" }, true],
  ["case matters", { "coin.symbol": "USDT" }, false],
  ["any of a list", { "coin.symbol": ["usdc", "usdt"] }, true],
  ["a pattern", { "coin.name": "Teth*" }, true],
  ["all must hold", { "coin.symbol": "usdt", "coin.name": "Dai" }, false],
  ["a missing path never holds", { "data.market.cap": "*" }, false],
  ["a missing path does not hold under not either", { "data.market.cap": { not: "x" } }, false],
  ["a number above", { "data.rank": { gt: 2 } }, true],
  ["a number not above", { "data.rank": { gt: 3 } }, false],
  ["a number at the bound", { "data.rank": { gte: 3, lte: 3 } }, true],
  ["a number in text", { "data.price": { lt: 2 } }, true],
  ["text that is no number", { "coin.name": { gt: 0 } }, false],
  ["what is no number is not nought", { "data.nothing": { lt: 1 } }, false],
  ["nor is empty text", { "data.empty": { lt: 1 } }, false],
  ["true is not one", { "data.flag": { gt: 0 } }, false],
  ["null", { "data.nothing": null }, true],
  ["true", { "data.flag": true }, true],
  ["not", { "coin.symbol": { not: ["usdc", "dai"] } }, true],
  ["not, refused", { "coin.symbol": { not: "usd*" } }, false],
  ["any element of an array", { "data.tags": "stable*" }, true],
  ["not means no element of an array", { "data.tags": { not: "stablecoin" } }, false],
  ["objects in an array", { "data.markets.name": "kraken" }, true],
  ["a key that holds a dot", { "data.a.b": "dotted" }, true],
  ["of keys that hold dots the longest", { "data.a.b.c": "longest" }, true],
  ["an object is no text", { "data.a": "*" }, false],
  ["what every object has is missing", { "data.toString": "*" }, false],
];
for (const [name, where, holds] of WHERE_CASES) {
  Deno.test(`where: ${name}`, () => {
    const event = coinEvent([change("name")]);
    event.data = {
      ...event.data,
      rank: 3,
      price: "1.0002",
      nothing: null,
      flag: true,
      tags: ["fiat", "stablecoin"],
      markets: [{ name: "binance" }, { name: "kraken" }],
      empty: "",
      a: { x: 1 },
      "a.b": "dotted",
      "a.b.c": "longest",
    };
    assertEquals(taken({ where: where! }, event), holds ? null : undefined);
  });
}

Deno.test("where on change values chooses among the changes", () => {
  const event = coinEvent([
    change("additional_notices.can_mint", true),
    change("additional_notices.x", false),
    change("links.homepage", ["https://a.example", "https://b.example"]),
  ]);
  assertEquals(taken({ where: { "change.new_value": true } }, event), [0]);
  assertEquals(taken({ where: { "change.new_value": "https://b*" } }, event), [2]);
  assertEquals(
    taken({ fields: ["additional_notices.*"], where: { "change.new_value": { not: true } } }, event),
    [1],
  );
});

Deno.test("a thousand routes answer as each would alone", () => {
  const routes = Array.from({ length: 1000 }, (_, i) => ({
    name: `r${i}`,
    fields: [i % 3 === 0 ? "links.*" : i % 3 === 1 ? `platforms.p${i}` : "*"],
    coins: [i % 2 === 0 ? "*" : `coin-${i}`],
  }));
  const event = coinEvent([change("links.homepage"), change("platforms.p7")], {
    id: "coin-7",
    symbol: "",
    name: "",
  });
  const alone = routes.flatMap((route) => createRouteTable([route]).match(event));
  assertEquals(createRouteTable(routes).match(event), alone);
  assertEquals(alone.filter(({ route }) => route === "r7"), [{ route: "r7", matched: [1] }]);
});
