import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import email from "../../plugins/email.ts";
import { attempt } from "./attempt.ts";
import { MAIL_CA, MAIL_PASSWORD, MAIL_USER, type Mailing, smtpDouble } from "./doubles/smtp.ts";
import { everyChange, updated } from "./events.ts";
import { assertVisible, HOSTILE, hostileData, hostileEvent } from "./hostile.ts";

const login = `${encodeURIComponent(MAIL_USER)}:${encodeURIComponent(MAIL_PASSWORD)}`;
const base = { from: "Coin Relay <relay@example.com>", to: ["ops@example.com"], ca: MAIL_CA };
const smtp = ({ port }: Mailing, rest = "") => ({
  ...base,
  smtp: `smtp://${login}@localhost:${port}${rest}`,
});
const event = updated(everyChange, { test: true });

Deno.test("email sends a text and an HTML part over STARTTLS, signed in", async () => {
  await using server = await smtpDouble();
  const options = { ...smtp(server), to: ["ops@example.com", "Second <two@example.com>"] };
  const { error, noted: [noted] } = await attempt(email, event, { options });
  assertEquals(error, "");
  assertEquals(noted?.what.startsWith("mail to "), true, noted?.what);
  const [mail] = server.mails;
  assert(mail!.encrypted);
  assertEquals(mail!.recipients, ["ops@example.com", "two@example.com"]);
  assertEquals(mail!.from, { name: "Coin Relay", address: "relay@example.com" });
  assertEquals(mail!.subject, "🔴 [TEST] Tether (USDT): Coin id changed and 14 more");
  assertStringIncludes(mail!.text!, "Ticker changed\n  usdt → usdt0\n");
  assertStringIncludes(mail!.text!, "in the past [-2-] {+3+} weeks");
  assertStringIncludes(mail!.text!, "https://www.coingecko.com/en/coins/tether\n13 Apr 2026, 07:40:00 UTC");
  assertStringIncludes(mail!.html!, "<b>Ticker changed</b><br>usdt → <b>usdt0</b>");
  assertStringIncludes(mail!.html!, "in the past <del>2</del> <ins>3</ins> weeks");
});

Deno.test("email speaks TLS from the start to smtps://", async () => {
  await using server = await smtpDouble({ secure: true });
  const options = { ...base, smtp: `smtps://${login}@localhost:${server.port}` };
  assertEquals((await attempt(email, event, { options })).error, "");
  assert(server.mails[0]!.encrypted);
});

Deno.test("email refuses to send in the clear unless the URL says so", async () => {
  await using server = await smtpDouble({ starttls: false });
  const { outcome, error } = await attempt(email, event, { options: smtp(server) });
  assertEquals([outcome, server.mails.length], ["permanent", 0]);
  assertStringIncludes(error, "?requireTLS=false");
  assertEquals((await attempt(email, event, { options: smtp(server, "?requireTLS=false") })).error, "");
  assertFalse(server.mails[0]!.encrypted);
});

Deno.test("email does not trust a certificate that nobody vouches for", async () => {
  await using server = await smtpDouble();
  const { ca: _, ...options } = smtp(server);
  assertEquals((await attempt(email, event, { options })).outcome, "retry");
  assertEquals(server.mails.length, 0);
});

Deno.test("email puts a coin's mails into one thread, and gives every attempt one Message-ID", async () => {
  await using server = await smtpDouble();
  const options = smtp(server);
  await attempt(email, event, { options, idempotencyKey: "msg_1" });
  await attempt(email, updated(everyChange.slice(0, 1)), { options, idempotencyKey: "msg_2" });
  await attempt(email, event, { options, idempotencyKey: "msg_1" });
  await attempt(email, updated([], { coin: { id: "genius-3", symbol: "g", name: "Genius" } }), { options });
  const [first, second, again, other] = server.mails;
  assertEquals(first!.references, second!.references);
  assertEquals(first!.inReplyTo, first!.references);
  assertEquals(first!.messageId, again!.messageId);
  assert(first!.messageId !== second!.messageId && first!.references !== other!.references);
  assertMatch(first!.messageId!, /^<[\da-f]{32}@example\.com>$/);
});

Deno.test("email shows hostile texts harmless, in headers and both parts", async (step) => {
  const templates = {
    subject: "{{title}} {{{summary}}}",
    message: "<p>{{title}} {{{title}}}{{#changes}}{{old}}{{/changes}}</p>",
  };
  for (const [says, hostile] of Object.entries(HOSTILE)) {
    await step.step(says, async () => {
      await using server = await smtpDouble();
      const sent = [hostileEvent(hostile), hostileData(hostile)].flatMap((event) =>
        [{}, templates].map((own) => attempt(email, event, { options: { ...smtp(server), ...own } }))
      );
      for (const { error } of await Promise.all(sent)) assertEquals(error, "");
      assertEquals(server.mails.length, 4);
      for (const mail of server.mails) {
        assertEquals(mail.recipients, ["ops@example.com"]);
        assertEquals([mail.to?.length, mail.cc, mail.bcc], [1, undefined, undefined]);
        assertVisible(mail.subject ?? "");
        assert((mail.subject ?? "").length <= 200);
        assertVisible(mail.text!.replaceAll("\n", ""));
        const tags = new Set([...mail.html!.matchAll(/<(\/?[a-z0-9]+)/gi)].map(([, tag]) => tag));
        const ours = /^\/?(meta|h3|a|p|b|br|code|del|ins)$/;
        assertEquals([...tags].filter((tag) => !ours.test(tag!)), []);
        for (const [, href] of mail.html!.matchAll(/<a href="([^"]*)"/g)) {
          assertStringIncludes(href!, "https://www.coingecko.com/en/coins/");
        }
      }
    });
  }
});

Deno.test("email: each refusal leads to the right outcome, and shows no password", async (step) => {
  const cases: [string, (server: Mailing) => void, string, RegExp][] = [
    ["a wrong password is permanent", (server) => server.refuse.auth.push(535), "permanent", /535/],
    ["signing in refused for now is retried", (server) => server.refuse.auth.push(454), "retry", /454/],
    [
      "an unknown recipient is permanent",
      (server) => server.refuse.rcpt.set("ops@example.com", [550]),
      "permanent",
      /550/,
    ],
    [
      "a greylisted recipient is retried",
      (server) => server.refuse.rcpt.set("ops@example.com", [450]),
      "retry",
      /450/,
    ],
    ["a refused message is permanent", (server) => server.refuse.data.push(554), "permanent", /554/],
    ["a full mailbox is retried", (server) => server.refuse.data.push(452), "retry", /452/],
    ["a server that says nothing is retried", (server) => void (server.hang = true), "retry", /./],
  ];
  for (const [says, arrange, outcome, error] of cases) {
    await step.step(says, async () => {
      await using server = await smtpDouble();
      arrange(server);
      const ending = await attempt(email, event, {
        options: smtp(server),
        ...server.hang && { timeoutMs: 300 },
      });
      assertEquals(ending.outcome, outcome, ending.error);
      assertMatch(ending.error, error);
      assert(!ending.error.includes(MAIL_PASSWORD), ending.error);
      assertEquals(server.mails.length, 0);
    });
  }
  await step.step("a server that is not there is retried", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const ending = await attempt(email, event, {
      options: { ...base, smtp: `smtp://${login}@127.0.0.1:${port}` },
    });
    assertEquals(ending.outcome, "retry");
    assertStringIncludes(ending.error, `SMTP 127.0.0.1:${port}`);
  });
});

Deno.test("email is not sent twice to those who have got it", async () => {
  await using server = await smtpDouble();
  server.refuse.rcpt.set("two@example.com", [450, 450]);
  server.refuse.rcpt.set("three@example.com", [450, 550]);
  const options = {
    ...smtp(server),
    to: ["one@example.com", "two@example.com", "Three <three@example.com>"],
  };
  const run = () => attempt(email, event, { options, idempotencyKey: "msg_partly" });
  assertEquals((await run()).outcome, "retry");
  assertEquals((await run()).outcome, "retry");
  const third = await run();
  assertEquals(third.error, "");
  assertEquals(server.mails.map((mail) => mail.recipients), [["one@example.com"], [
    "two@example.com",
    "three@example.com",
  ]]);
  assertEquals(server.mails[1]!.to?.length, 3, "the header names all");
});

Deno.test("email is done when those who refused it are taken off the list", async () => {
  await using server = await smtpDouble();
  server.refuse.rcpt.set("two@example.com", [450]);
  const run = (to: string[]) =>
    attempt(email, event, { options: { ...smtp(server), to }, idempotencyKey: "msg_fewer" });
  assertEquals((await run(["one@example.com", "two@example.com"])).outcome, "retry");
  assertEquals((await run(["one@example.com"])).error, "");
  assertEquals(server.mails.map((mail) => mail.recipients), [["one@example.com"]]);
});

Deno.test("email refuses addresses and servers that could carry a header", () => {
  const wrong = (over: object) =>
    email.options!.safeParse({ ...base, smtp: "smtp://localhost", ...over }).error?.issues.map(({ path }) =>
      path[0]
    );
  assertEquals(wrong({}), undefined);
  assertEquals(wrong({ to: "a@b.example" }), undefined);
  assertEquals(wrong({ to: "a@b.example\r\nBcc: c@d.example" }), ["to"]);
  assertEquals(wrong({ from: "a@b.example, c@d.example" }), ["from"]);
  assertEquals(wrong({ smtp: "http://localhost" }), ["smtp"]);
  assertEquals(wrong({ smtp: "smtp://localhost?pool=true" }), ["smtp"]);
  assertEquals(wrong({ smtp: "smtp://me:100%@localhost" }), ["smtp"]);
  assertEquals(wrong({ subject: "{{title}} {{#changes}}" }), ["subject"]);
  assertEquals(wrong({ message: "{{title" }), ["message"]);
  assertEquals(wrong({ locale: "not a locale", timeZone: "Europe/Atlantis" }), ["locale", "timeZone"]);
});
