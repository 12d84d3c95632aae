import { assertEquals, assertStringIncludes } from "@std/assert";
import telegram from "../../plugins/telegram.ts";
import { attempt } from "./attempt.ts";
import { readTelegram, TELEGRAM_CHAT, TELEGRAM_TOKEN, telegramDouble } from "./doubles/telegram.ts";
import { everyChange, updated } from "./events.ts";
import { assertVisible, HOSTILE, hostileData, hostileEvent } from "./hostile.ts";
import { deadOrigin, refusals, unreachable } from "./refusals.ts";

const SECRETS = [TELEGRAM_TOKEN, "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"];
const TEMPLATE =
  "{{title}} <b>{{{title}}}</b> {{#changes}}<i>{{old}}</i> {{&new}}{{/changes}} {{data.summary}}";
const base = { botToken: TELEGRAM_TOKEN, chatId: TELEGRAM_CHAT };

Deno.test("telegram says the coin, each change in words, old and new", async () => {
  await using double = telegramDouble();
  const options = { ...base, apiUrl: double.origin };
  assertEquals((await attempt(telegram, updated(everyChange, { test: true }), { options })).error, "");
  const { text, links } = readTelegram(double.arrived[0]!.body);
  assertStringIncludes(text, "🔴 [TEST] Tether (USDT)\n\n🔴 Coin id changed\ntether → tether-usd");
  assertStringIncludes(
    text,
    "0xdac17f…831ec7 → 0xA0b869…06eB48\n0xdac17f958d2ee523a2206206994597c13d831ec7\n",
  );
  assertStringIncludes(double.arrived[0]!.body, "past <s>2</s> <b>3</b> weeks");
  assertEquals(links, ["https://www.coingecko.com/en/coins/tether"]);
});

Deno.test("telegram shows hostile texts harmless and inside Telegram's limits", async (step) => {
  await using double = telegramDouble();
  const plain = { ...base, apiUrl: double.origin };
  for (const [says, hostile] of Object.entries(HOSTILE)) {
    for (const event of [hostileEvent(hostile), hostileData(hostile)]) {
      for (const options of [plain, { ...plain, message: TEMPLATE }]) {
        await step.step(`${says}, ${event.changes.length} changes, ${Object.keys(options)}`, async () => {
          assertEquals((await attempt(telegram, event, { options })).error, "");
          const { text, links, mentions } = readTelegram(double.arrived.at(-1)!.body);
          assertEquals(mentions, []);
          for (const link of links) assertStringIncludes(link, "https://www.coingecko.com/en/coins/");
          assertVisible(text.replaceAll(/\n|@\u2060/g, ""));
        });
      }
    }
  }
});

Deno.test("telegram mentions nobody, whatever stands before the @", async () => {
  await using double = telegramDouble();
  const options = { ...base, apiUrl: double.origin };
  const before = [
    "",
    " ",
    "x/",
    "/",
    "//",
    "https://",
    "http://localhost/",
    "https://x.example@",
    "https://x_y.example/",
    "#",
    "é ",
    "shttp://x.example/",
  ];
  for (
    const one of [
      ...before.map((text) => `${text}@durov`),
      "https://x.example/a“@durov",
      "https://x.example/ @durov",
    ]
  ) {
    assertEquals(
      (await attempt(
        telegram,
        updated([{ field: "name", change_type: "update", old_value: one, new_value: `${one} !` }]),
        { options },
      )).error,
      "",
    );
    assertEquals(readTelegram(double.arrived.at(-1)!.body).mentions, [], one);
  }
});

Deno.test("telegram leaves an @ inside an address alone", async () => {
  await using double = telegramDouble();
  const change = {
    field: "links.blog",
    change_type: "addition" as const,
    new_value: "https://medium.com/@tether",
  };
  await attempt(telegram, updated([change]), { options: { ...base, apiUrl: double.origin } });
  assertStringIncludes(double.arrived[0]!.body, "https://medium.com/@tether<");
});

Deno.test("telegram sends a template that is too long in itself as plain text, cut", async () => {
  await using double = telegramDouble();
  const options = { ...base, apiUrl: double.origin, message: "<b>A &amp; B &lt;3</b> ".repeat(900) };
  assertEquals((await attempt(telegram, updated(everyChange), { options })).error, "");
  const { text, parse_mode } = JSON.parse(double.arrived[0]!.body);
  assertEquals([parse_mode, text.length <= 4096, text.endsWith("…")], [undefined, true, true]);
  assertStringIncludes(text, "A & B <3 A & B <3");
});

Deno.test("telegram gives up at once on an unknown chat, a bot shown the door, and broken markup", async () => {
  await using double = telegramDouble();
  const outcome = async (over: object) => {
    const options = { ...base, apiUrl: double.origin, ...over };
    const { outcome, error } = await attempt(telegram, updated(everyChange), { options });
    return `${outcome}: ${error.replace(double.origin, "API")}`;
  };
  assertStringIncludes(await outcome({ chatId: 1 }), "permanent: POST API answered 400");
  assertStringIncludes(await outcome({ chatId: "@left" }), "bot was kicked");
  assertStringIncludes(await outcome({ message: "<font>{{title}}</font>" }), "can't parse entities");
});

Deno.test("telegram waits as long as the answer's body asks", async () => {
  await using double = telegramDouble();
  const said = {
    ok: false,
    error_code: 429,
    description: "Too Many Requests",
    parameters: { retry_after: 31 },
  };
  double.next.push(Response.json(said, { status: 429 }));
  const { outcome, seconds } = await attempt(telegram, updated([]), {
    options: { ...base, apiUrl: double.origin },
  });
  assertEquals([outcome, seconds], ["retry", 31]);
});

Deno.test("telegram: each refusal leads to the right outcome", async (step) => {
  await using double = telegramDouble();
  await refusals(step, telegram, double, { options: { ...base, apiUrl: double.origin } }, SECRETS);
});

Deno.test("telegram retries when Telegram cannot be reached, and keeps the token to itself", async () => {
  await unreachable(telegram, { options: { ...base, apiUrl: deadOrigin() } }, SECRETS);
});
