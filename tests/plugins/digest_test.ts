import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe } from "coinrelay/plugin";
import { digestLength, digestOf } from "../../lib/dispatch/digest.ts";
import slack from "../../plugins/slack.ts";
import { attempt } from "./attempt.ts";
import { readSlack, SLACK_PATH, slackDouble } from "./doubles/slack.ts";
import { updated } from "./events.ts";

const renamed = { field: "name", change_type: "update", old_value: "Old", new_value: "New" } as const;
const noticed = { field: "public_notices", change_type: "addition", new_value: "Breach" } as const;

function eventOf(name: string, ...changes: (typeof renamed | typeof noticed)[]) {
  return { ...updated([...changes]), coin: { id: name.toLowerCase(), symbol: name.slice(0, 3), name } };
}

Deno.test("a digest tells of each event, whose it is and what happened, the gravest first", () => {
  const digest = digestOf([eventOf("Aave", renamed), eventOf("Maker", renamed, noticed)], "d", 0);
  const { title, lines, url } = describe(digest);
  assertEquals([title, url], ["2 events, 2 coins", null]);
  assertEquals(lines.map(({ words }) => words), [
    "Maker (MAK): Public notice added",
    "Aave (AAV): Name changed",
    "Maker (MAK): Name changed",
  ]);
});

Deno.test("a digest is as grave as its gravest change", () => {
  const calm = eventOf("Aave", renamed), grave = eventOf("Maker", noticed);
  assertEquals(describe(digestOf([calm, grave], "d", 0)).severity, describe(grave).severity);
});

Deno.test("a digest names a coin that all have in common, and is a test when all are", () => {
  const aave = eventOf("Aave", renamed), maker = eventOf("Maker", renamed);
  const tested = { ...aave, test: true };
  assertEquals(digestOf([aave, aave, maker], "d", 0).coin.id, "");
  assertEquals(digestOf([aave, aave, tested], "d", 0).coin.id, "aave");
  assertEquals(digestOf([tested, tested], "d", 0).test, true);
  assertEquals(digestOf([tested, aave], "d", 0).test, false);
});

Deno.test("a digest of one event is that event", () => {
  const event = eventOf("Aave", renamed);
  assertEquals(digestOf([event], "d", 0), event);
});

Deno.test("a digest of events that name no coin says what kind they are", () => {
  const event = { ...updated([]), type: "relay.source.silent", coin: { id: "", symbol: "", name: "" } };
  const { lines } = describe(digestOf([event, eventOf("Aave", renamed)], "d", 0));
  assertEquals(lines.length, 2);
  assert(lines.every(({ words }) => words.includes(": ")));
});

Deno.test("a digest takes no more than fits, and at least one event", () => {
  const small = eventOf("Aave", renamed);
  const large = { ...small, data: { text: "x".repeat(600_000) } };
  assertEquals(digestLength([small, small]), 2);
  assertEquals(digestLength([large, large]), 1);
  assertEquals(digestLength([{ ...small, data: { text: "x".repeat(2_000_000) } }, small]), 1);
});

Deno.test("slack takes a digest of five hundred events in one message", async () => {
  await using double = slackDouble();
  const events = Array.from({ length: 500 }, (_, i) => eventOf(`Coin${i}`, renamed, noticed));
  const ending = await attempt(slack, digestOf(events, "d", 0), {
    options: { webhookUrl: double.origin + SLACK_PATH },
  });
  assertEquals([ending.outcome, ending.error], ["done", ""]);
  assertEquals(double.arrived.length, 1);
  assertStringIncludes(readSlack(double.arrived[0]!.body).text, "500 events, 500 coins");
});
