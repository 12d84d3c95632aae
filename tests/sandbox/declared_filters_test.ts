import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { filters } from "../../lib/config/schema.ts";
import type { JsonObject } from "../../lib/nouns.ts";
import { readFilters } from "../../lib/sandbox/declared_filters.ts";

const RIGHT: JsonObject[] = [
  {},
  { fields: ["links.*", "!links.twitter_screen_name", "platforms.polygon*"] },
  { changeTypes: ["addition", "update", "removal"], coins: ["wrapped-*"], events: ["cg.coin.*"] },
  { where: {} },
  { where: { "coin.symbol": "usdt", "data.rank": 3, "change.new_value": null, "coin.listed": true } },
  { where: { "coin.symbol": ["usdt", 4, null, false] } },
  { where: { "data.market.cap": { gt: 1, gte: 2.5, lt: -3, lte: 0, not: ["a", null] } } },
  { where: { "data.a": {} } },
];

const WRONG: [at: string, JsonObject][] = [
  ["fields", { fields: "links.*" }],
  ["fields", { fields: [] }],
  ["fields", { fields: null }],
  ["fields.1", { fields: ["a", 4] }],
  ["fields.0", { fields: [""] }],
  ["fields.0", { fields: ["a..b"] }],
  ["fields.0", { fields: ["a.**"] }],
  ["changeTypes.0", { changeTypes: ["change"] }],
  ["changeTypes", { changeTypes: [] }],
  ["coins.0", { coins: [""] }],
  ["coins", { coins: { 0: "a", length: 1 } }],
  ["events.0", { events: [["a"]] }],
  ["where", { where: [] }],
  ["where", { where: "coin.symbol" }],
  ["where.coin", { where: { coin: "a" } }],
  ["where.name", { where: { name: "a" } }],
  ["where.data..a", { where: { "data..a": "a" } }],
  ["where.data.a", { where: { "data.a": [] } }],
  ["where.data.a.0", { where: { "data.a": [{}] } }],
  ["where.data.a.gt", { where: { "data.a": { gt: "1" } } }],
  ["where.data.a.above", { where: { "data.a": { above: 1 } } }],
  ["where.data.a.not", { where: { "data.a": { not: {} } } }],
];

const config = z.object(filters);

Deno.test("a plugin may declare the filters that a route may have, and no others", () => {
  for (const declared of RIGHT) {
    assert(config.safeParse(declared).success, JSON.stringify(declared));
    assertEquals(readFilters(declared), { filters: declared } as ReturnType<typeof readFilters>);
  }
  for (const [at, declared] of WRONG) {
    assert(!config.safeParse(declared).success, JSON.stringify(declared));
    const read = readFilters(declared);
    assert("message" in read, JSON.stringify(declared));
    assertEquals(read.path, at);
  }
});

Deno.test("what is no filter is passed over", () => {
  assertEquals(readFilters({ fields: ["a"], color: "red" }), { filters: { fields: ["a"] } });
});
