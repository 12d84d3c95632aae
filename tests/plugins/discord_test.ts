import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import discord from "../../plugins/discord.ts";
import { attempt } from "./attempt.ts";
import { DISCORD_PATH, discordDouble, readDiscord } from "./doubles/discord.ts";
import { everyChange, updated } from "./events.ts";
import { assertVisible, HOSTILE, hostileData, hostileEvent } from "./hostile.ts";
import { deadOrigin, refusals, unreachable } from "./refusals.ts";

const SECRETS = [DISCORD_PATH, "3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372"];
const TEMPLATE = "{{title}} {{{title}}} {{#changes}}{{old}} {{&new}}{{/changes}} {{data.summary}}";

Deno.test("discord says the coin, each change in words, old and new", async () => {
  await using double = discordDouble();
  const options = { webhookUrl: `${double.origin}${DISCORD_PATH}?thread_id=1` };
  assertEquals((await attempt(discord, updated(everyChange, { test: true }), { options })).error, "");
  const [request] = double.arrived;
  assertEquals(request!.path, `${DISCORD_PATH}?thread_id=1&wait=true`);
  const [embed] = JSON.parse(request!.body).embeds;
  assertEquals(embed.title, "🔴 [TEST] Tether \\(USDT\\)");
  assertEquals([embed.url, embed.color], ["https://www.coingecko.com/en/coins/tether", 0xe74c3c]);
  assertStringIncludes(embed.description, "🔵 **Ticker changed**\nusdt → **usdt0**");
  assertStringIncludes(
    embed.description,
    "**0xA0b869…06eB48**\n`0xdac17f958d2ee523a2206206994597c13d831ec7`\n`0xA0b8",
  );
  assertStringIncludes(embed.description, "past ~~2~~ **3** weeks");
  assertStringIncludes(embed.description, "\\+ **`https://new.tether.to`**");
});

Deno.test("discord shows hostile texts harmless and inside Discord's limits", async (step) => {
  await using double = discordDouble();
  const webhookUrl = double.origin + DISCORD_PATH;
  for (const [says, hostile] of Object.entries(HOSTILE)) {
    for (const event of [hostileEvent(hostile), hostileData(hostile)]) {
      for (const options of [{ webhookUrl }, { webhookUrl, message: TEMPLATE }]) {
        await step.step(`${says}, ${event.changes.length} changes, ${Object.keys(options)}`, async () => {
          assertEquals((await attempt(discord, event, { options })).error, "");
          const { text, live, pings } = readDiscord(double.arrived.at(-1)!.body);
          assertEquals(live, []);
          assert(!pings);
          assertVisible(text.replaceAll("\n", ""));
        });
      }
    }
  }
});

Deno.test("discord sends the title alone where a template says nothing", async () => {
  await using double = discordDouble();
  const options = { webhookUrl: double.origin + DISCORD_PATH, message: "{{data.nothing}}\n" };
  assertEquals((await attempt(discord, updated(everyChange), { options })).error, "");
});

Deno.test("discord waits as long as the answer's body asks", async () => {
  await using double = discordDouble();
  double.next.push(
    Response.json({ message: "You are being rate limited.", retry_after: 64.57 }, { status: 429 }),
  );
  const options = { webhookUrl: double.origin + DISCORD_PATH };
  const { outcome, seconds } = await attempt(discord, updated(everyChange), { options });
  assertEquals([outcome, seconds], ["retry", 64.57]);
});

Deno.test("discord asks for the version of the API that tells waits in seconds", async () => {
  const asked: string[] = [];
  const answers: typeof fetch = (input) => {
    const { pathname } = new URL(String(input));
    asked.push(String(input));
    // https://github.com/discord/discord-api-docs/issues/2360: without a version both are milliseconds.
    const wait = pathname.startsWith("/api/v10/") ? 1.5 : 1500;
    const headers = { "retry-after": String(Math.ceil(wait)) };
    return Promise.resolve(Response.json({ retry_after: wait }, { status: 429, headers }));
  };
  for (const host of ["discord.com", "ptb.discord.com", "discordapp.com"]) {
    const options = { webhookUrl: `https://${host}${DISCORD_PATH}` };
    assertEquals((await attempt(discord, updated(everyChange), { options, fetch: answers })).seconds, 2);
  }
  const others = [
    `https://discord.com${DISCORD_PATH.replace("/api/", "/api/v9/")}`,
    `https://notdiscord.com${DISCORD_PATH}`,
  ];
  for (const webhookUrl of others) {
    await attempt(discord, updated(everyChange), { options: { webhookUrl }, fetch: answers });
    assertEquals(asked.at(-1), `${webhookUrl}?wait=true`);
  }
});

Deno.test("discord: each refusal leads to the right outcome", async (step) => {
  await using double = discordDouble();
  await refusals(step, discord, double, { options: { webhookUrl: double.origin + DISCORD_PATH } }, SECRETS);
});

Deno.test("discord retries when Discord cannot be reached, and keeps the webhook's address to itself", async () => {
  await unreachable(discord, { options: { webhookUrl: deadOrigin() + DISCORD_PATH } }, SECRETS);
});
