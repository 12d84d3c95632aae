import { assert, assertEquals } from "@std/assert";
import type { Filters } from "../../lib/config/schema.ts";
import { type Change, CHANGE_TYPES, type Content } from "../../lib/nouns.ts";
import { createRouteTable } from "../../lib/route/table.ts";
import { whyNot } from "../../lib/route/why_not.ts";
import { createRandom } from "../support/random.ts";

const coin = { id: "tether", symbol: "usdt", name: "Tether" };
const change = (field: string, change_type: Change["change_type"], new_value: string): Change => ({
  field,
  change_type,
  new_value,
});
const content: Content = {
  type: "cg.coin.info.updated",
  coin,
  changes: [change("links.homepage", "update", "a"), change("name", "removal", "")],
  data: { ...coin },
};
const priced: Content = { type: "cg.coin.price.updated", coin, changes: null, data: { price: { usd: 5 } } };

const CASES: [Filters, Content, string | null][] = [
  [{}, content, null],
  [{ fields: ["links.*"] }, content, null],
  [{ events: ["cg.coin.listed"] }, content, "events: takes cg.coin.listed; the type is cg.coin.info.updated"],
  [{ coins: ["bit*", "!bitcoin"] }, content, "coins: takes bit*, !bitcoin; the coin is tether"],
  [{ fields: ["platforms.*"] }, content, "fields: takes platforms.*; what it has is links.homepage, name"],
  [
    { fields: ["name"], changeTypes: ["addition"] },
    content,
    "changeTypes: takes addition; the changes are name (removal)",
  ],
  [{ changeTypes: ["addition"] }, priced, "changeTypes: looks at changes; the event has none"],
  [{ where: { "coin.symbol": ["btc"] } }, content, 'where: coin.symbol must be ["btc"]; it is "usdt"'],
  [{ where: { "data.price.usd": { gt: 7 } } }, priced, 'where: data.price.usd must be {"gt":7}; it is 5'],
  [{ where: { "data.price.eur": 5 } }, priced, "where: data.price.eur must be 5; it is missing"],
  [
    { fields: ["links.*"], where: { "change.new_value": "b" } },
    content,
    'where: change.new_value must be "b"; it is "a"',
  ],
];
for (const [filters, event, expected] of CASES) {
  Deno.test(`why ${JSON.stringify(filters)} leaves an event out: ${expected ?? "it does not"}`, () => {
    const found = whyNot(filters, event);
    assertEquals(found && `${found.filter}: ${found.reason}`, expected);
  });
}

Deno.test("a reason is found exactly where the route table takes nothing, whatever the filters", () => {
  const random = createRandom(4);
  const some = <T>(values: readonly T[]) => values.filter(() => random.below(2) === 0);
  const maybe = (name: string, values: readonly unknown[]) =>
    random.below(2) === 0 || values.length === 0 ? {} : { [name]: values };
  const fields = ["name", "links.homepage", "platforms.base", "price.usd"];
  let taken = 0;
  for (let i = 0; i < 3000; i++) {
    const filters: Filters = {
      ...maybe("fields", some(["name", "links.*", "*.usd", "!links.homepage", "platforms.*"])),
      ...maybe("changeTypes", some(CHANGE_TYPES)),
      ...maybe("coins", some(["tether", "bit*", "!bitcoin"])),
      ...maybe("events", some(["cg.coin.info.updated", "cg.coin.price.*"])),
      ...random.below(2) === 0 ? {} : {
        where: Object.fromEntries(some([
          ["coin.symbol", ["usdt"]],
          ["change.new_value", ["a", "b"]],
          ["change.old_value", { not: "x" }],
          ["data.price.usd", { gte: 3 }],
        ])),
      },
    };
    const event: Content = {
      type: ["cg.coin.info.updated", "cg.coin.price.updated"][random.below(2)]!,
      coin: random.below(2) === 0 ? coin : { id: "bitcoin", symbol: "btc", name: "Bitcoin" },
      changes: random.below(3) === 0
        ? null
        : some(fields).map((field) =>
          change(field, CHANGE_TYPES[random.below(3)]!, ["a", "b", "c"][random.below(3)]!)
        ),
      data: { price: { usd: random.below(6) } },
    };
    const matches = createRouteTable([{ name: "r", ...filters }]).match(event);
    taken += matches.length;
    assertEquals(whyNot(filters, event) === null, matches.length > 0, JSON.stringify({ filters, event }));
  }
  assert(taken > 300 && taken < 2700, `both occur: ${taken} taken`);
});
