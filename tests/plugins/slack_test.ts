import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COIN_PAGE } from "coinrelay/plugin";
import slack from "../../plugins/slack.ts";
import { attempt } from "./attempt.ts";
import { readSlack, SLACK_PATH, slackDouble } from "./doubles/slack.ts";
import { everyChange, plainEvent, updated } from "./events.ts";
import { assertVisible, HOSTILE, hostileData, hostileEvent } from "./hostile.ts";
import { deadOrigin, refusals, unreachable } from "./refusals.ts";

const SECRETS = [SLACK_PATH, "T00000000/B00000000", "XXXXXXXXXXXXXXXXXXXXXXXX"];

Deno.test("slack says the coin, each change in words, old and new", async () => {
  await using double = slackDouble();
  const options = { webhookUrl: double.origin + SLACK_PATH };
  const ending = await attempt(slack, updated(everyChange, { test: true }), { options });
  assertEquals(ending.error, "");
  const { text, sequences } = readSlack(double.arrived[0]!.body);
  assertStringIncludes(text, "🔴 [TEST] Tether (USDT)");
  assertStringIncludes(text, "🔵 *Ticker changed*\nusdt → *usdt0*");
  assertStringIncludes(
    text,
    "🔴 *Contract on Ethereum changed*\n0xdac17f…831ec7 → *0xA0b869…06eB48*\n" +
      "`0xdac17f958d2ee523a2206206994597c13d831ec7`\n`0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48`",
  );
  assertStringIncludes(text, "🔴 *Contract moved from Gnosis Chain to Base*");
  assertStringIncludes(text, "in the past ~2~ *3* weeks");
  assertStringIncludes(text, "*Flag “can mint new tokens” raised*\nnot set → *yes*");
  assertStringIncludes(text, "*Homepage changed*\n+ *https://new.tether.to*\n− https://old.tether.to");
  assertEquals(sequences, ["https://www.coingecko.com/en/coins/tether|Coin page"]);
});

const TEMPLATE = "{{title}} {{{title}}} {{#changes}}{{old}} {{&new}}{{/changes}} {{data.summary}}";

Deno.test("slack shows hostile texts harmless and inside Slack's limits", async (step) => {
  await using double = slackDouble();
  const webhookUrl = double.origin + SLACK_PATH;
  for (const [says, hostile] of Object.entries(HOSTILE)) {
    for (const event of [hostileEvent(hostile), hostileData(hostile)]) {
      for (const options of [{ webhookUrl }, { webhookUrl, message: TEMPLATE }]) {
        await step.step(`${says}, ${event.changes.length} changes, ${Object.keys(options)}`, async () => {
          assertEquals((await attempt(slack, event, { options })).error, "");
          const { text, sequences } = readSlack(double.arrived.at(-1)!.body);
          assertVisible(text.replaceAll("\n", ""));
          for (const sequence of sequences) assert(sequence.startsWith(COIN_PAGE), sequence);
        });
      }
    }
  }
});

Deno.test("slack keeps a message with a thousand changes inside the limits, and says how many are left out", async () => {
  await using double = slackDouble();
  const changes = Array.from({ length: 1000 }, () => everyChange).flat().slice(0, 1000);
  const options = { webhookUrl: double.origin + SLACK_PATH };
  assertEquals((await attempt(slack, updated(changes), { options })).error, "");
  const { text } = readSlack(double.arrived[0]!.body);
  const told = text.match(/… and (\d+) more$/m);
  assert(Number(told?.[1]) > 800, text.slice(-300));
});

Deno.test("slack says an event without changes by its data", async () => {
  await using double = slackDouble();
  const options = { webhookUrl: double.origin + SLACK_PATH, locale: "de-CH" };
  await attempt(slack, plainEvent("cg.coin.price.moved", { id: "tether", price: { usd: 12345.5 } }), {
    options,
  });
  const { text } = readSlack(double.arrived[0]!.body);
  assertStringIncludes(text, "*Price moved sharply*\nprice usd: *12’345.5*");
});

Deno.test("slack renders a template of the route's own, with values escaped", async () => {
  await using double = slackDouble();
  const options = {
    webhookUrl: double.origin + SLACK_PATH,
    message: "*{{coin.name}}* {{#changes}}{{words}}: {{old}} → {{{new}}}{{/changes}}",
  };
  await attempt(
    slack,
    updated([{
      field: "name",
      change_type: "update",
      old_value: "A & B",
      new_value: "<!channel> {{coin.id}}",
    }]),
    { options },
  );
  assertEquals(
    JSON.parse(double.arrived[0]!.body).blocks[1].text.text,
    "*Tether* Name changed: A &amp; B → &lt;!channel&gt; {{coin.id}}",
  );
});

Deno.test("slack: each refusal leads to the right outcome", async (step) => {
  await using double = slackDouble();
  await refusals(step, slack, double, { options: { webhookUrl: double.origin + SLACK_PATH } }, SECRETS);
});

Deno.test("slack retries when Slack cannot be reached, and keeps the webhook's address to itself", async () => {
  await unreachable(slack, { options: { webhookUrl: deadOrigin() + SLACK_PATH } }, SECRETS);
});
