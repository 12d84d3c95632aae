/** What an attempt sent is kept with it: shortened, and without secrets. */
import { assertEquals, assertThrows } from "@std/assert";
import { maskSent, secretForms } from "../../lib/sandbox/mask.ts";
import { readSent, SENT_LIMITS } from "../../lib/sandbox/sent.ts";
import { startReceiver } from "../support/receiver.ts";
import { house, job, route } from "./support.ts";

/** Runs the body of a `run(event, context)` once, and tells what it sent. */
async function sentBy(
  body: string,
  parts: Parameters<typeof route>[1] = {},
  env: Record<string, string> = {},
) {
  await using home = await house(
    { "sender.ts": `export default { async run(event, context) { ${body} } };` },
    {
      env: (name) => env[name] ?? Deno.env.get(name),
      secrets: () => ["of-the-config"],
    },
  );
  assertEquals(await home.plugins.configure([route("sender", parts)]), []);
  const result = await home.plugins.runner.run(job("sender"));
  return { outcome: result?.outcome, sent: result?.sent };
}

Deno.test("an attempt tells each request that it sent, and what was answered", async () => {
  await using receiver = startReceiver((_, count) => new Response("", { status: count === 1 ? 201 : 404 }));
  const { url } = receiver;
  const { outcome, sent } = await sentBy(
    `await context.fetch("${url}/a", { method: "POST", body: '{"one":1}' });
     await fetch(new Request("${url}/b", { method: "PUT", body: "of a Request: é" }));
     await context.fetch("${url}/c?x=1");
     throw new Error("after all");`,
    { allow: { net: [new URL(url).host] } },
  );
  assertEquals(outcome, "retry");
  assertEquals(sent, [
    { what: `POST ${url}/a`, status: 201, body: '{"one":1}' },
    { what: `PUT ${url}/b`, status: 404, body: "of a Request: é" },
    { what: `GET ${url}/c?x=1`, status: 404, body: "" },
  ]);
  assertEquals(receiver.received.map(({ text }) => text), ['{"one":1}', "of a Request: é", ""]);
});

Deno.test("bodies of any kind are told as text, as far as they are text", async () => {
  await using receiver = startReceiver();
  const host = new URL(receiver.url).host;
  const bodies = [
    'new URLSearchParams({ a: "b c" })',
    'new TextEncoder().encode("bytes: é")',
    "new Uint8Array([0xff, 0xfe])",
    'new Blob(["blob"])',
  ];
  const { sent } = await sentBy(
    bodies.map((body) => `await context.fetch("${receiver.url}", { method: "POST", body: ${body} });`).join(
      "",
    ),
    { allow: { net: [host] } },
  );
  assertEquals(sent?.map(({ body }) => body), ["a=b+c", "bytes: é", "(2 bytes)", "(4 bytes)"]);
});

Deno.test("what was refused, and what leaves no machine, was not sent", async () => {
  const { sent } = await sentBy(`
    await context.fetch("data:text/plain,hello");
    await context.fetch("https://evil.example").catch(() => {});
    await fetch("http://127.0.0.1:4096/").catch(() => {});`);
  assertEquals(sent, []);
});

Deno.test("a request that nobody answers was sent all the same", async () => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${closed.addr.port}/`;
  closed.close();
  const { outcome, sent } = await sentBy(`await context.fetch("${url}");`, {
    allow: { net: [new URL(url).host] },
  });
  assertEquals([outcome, sent], ["retry", [{ what: `GET ${url}`, status: null, body: "" }]]);
});

Deno.test("of many or long things the first are kept, and it is said how much more there was", async () => {
  await using receiver = startReceiver();
  const { sent } = await sentBy(
    `for (let i = 0; i < 7; i++) {
       await context.fetch("${receiver.url}/" + i, { method: "POST", body: "x".repeat(1500) });
     }`,
    { allow: { net: [new URL(receiver.url).host] } },
  );
  assertEquals(sent?.map(({ what }) => what.replace(receiver.url, "")), [
    "POST /0",
    "POST /1",
    "POST /2",
    "POST /3",
    "and 3 more",
  ]);
  assertEquals(sent?.map(({ body }) => body.replace(/x+/, (all) => String(all.length))), [
    "1500",
    "500… (1000 more characters)",
    "… (1500 more characters)",
    "… (1500 more characters)",
    "",
  ]);
});

Deno.test("a plugin tells by itself what it sent by other means", async () => {
  const { sent } = await sentBy(`context.noteSent("mail to a@b.example: hello", "Dear A");
    context.noteSent("a beep");`);
  assertEquals(sent, [
    { what: "mail to a@b.example: hello", status: null, body: "Dear A" },
    { what: "a beep", status: null, body: "" },
  ]);
});

Deno.test("of runs at the same time, each tells its own", async () => {
  await using receiver = startReceiver();
  await using home = await house({
    "sender.ts": `export default { async run({ id }, { fetch }) {
      await fetch("${receiver.url}/" + id);
      await fetch("${receiver.url}/" + id + "/again");
    } };`,
  });
  await home.plugins.configure([route("sender", { allow: { net: [new URL(receiver.url).host] } })]);
  const jobs = Array.from({ length: 10 }, () => job("sender"));
  const results = await Promise.all(jobs.map((one) => home.plugins.runner.run(one)));
  assertEquals(
    results.map((result) => result?.sent.map(({ what }) => what.split("/").slice(3).join("/"))),
    jobs.map(({ event: { id } }) => [id, `${id}/again`]),
  );
});

Deno.test("what the global fetch sends is told of the only run there is, and of none when there are several", async () => {
  await using receiver = startReceiver();
  await using home = await house({
    "sender.ts": `const waiting = [];
      export default { async run({ data: { together } }) {
        if (together) {
          await new Promise((resolve) => {
            waiting.push(resolve);
            if (waiting.length === 2) waiting.forEach((wake) => wake());
          });
        }
        await fetch("${receiver.url}/x");
      } };`,
  });
  await home.plugins.configure([route("sender", { allow: { net: [new URL(receiver.url).host] } })]);
  const sentIn = async (together: boolean) => {
    const base = job("sender");
    const result = await home.plugins.runner.run({ ...base, event: { ...base.event, data: { together } } });
    return result?.sent.map(({ status }) => status);
  };
  assertEquals(await sentIn(false), [200]);
  assertEquals(await Promise.all([sentIn(true), sentIn(true)]), [[], []]);
});

Deno.test("no secret is kept with what was sent: of the options, the environment or the config, nor half of one", async () => {
  await using receiver = startReceiver();
  const secret = 'sEcReT"with/quotes and blanks';
  const { sent } = await sentBy(
    `const { apiKey, url } = context.options;
     const body = JSON.stringify({ text: "the key is " + apiKey, of: Deno.env.get("GRANTED"), config: "of-the-config" });
     await context.fetch(url + "?key=" + encodeURIComponent(apiKey), { method: "POST", body });
     await context.fetch(url, { method: "POST", body: "x".repeat(${SENT_LIMITS.body - 220}) + apiKey });
     context.noteSent("told " + apiKey);`,
    {
      options: { apiKey: secret, url: `${receiver.url}/hook/T0/xyz` },
      allow: { env: ["GRANTED"] },
    },
    { GRANTED: "of-the-environment" },
  );
  const text = JSON.stringify(sent);
  for (let length = 6; length <= secret.length; length++) {
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
      assertEquals(text.includes(form.slice(0, length)), false, `${form.slice(0, length)} in ${text}`);
    }
  }
  assertEquals(sent?.[0], {
    what: `POST ${receiver.url}/•••?key=•••`,
    status: 200,
    body: '{"text":"the key is •••","of":"•••","config":"•••"}',
  });
});

Deno.test("a secret that begins where a text was cut is masked, wherever the cut is", () => {
  const secrets = secretForms({ password: "a long pass phrase" });
  for (let kept = 3; kept < 18; kept++) {
    assertEquals(maskSent("say " + "a long pass phrase".slice(0, kept), secrets, true), "say •••");
  }
  assertEquals(maskSent("say a long pass", secrets, false), "say a long pass", "that is all of it");
  const what = "x".repeat(SENT_LIMITS.what - 6) + "a long";
  assertEquals(readSent([{ what, status: 200, body: "", left: 0 }], secrets)[0]?.what.endsWith("x•••"), true);
});

Deno.test("what a process claims to have sent is held to its form and its bounds", () => {
  const item = { what: "GET x", status: 200, body: "", left: 0 };
  assertEquals(readSent(undefined, []), []);
  assertEquals(readSent([item], []), [{ what: "GET x", status: 200, body: "" }]);
  assertEquals(readSent([{ ...item, status: "200", left: "9" }], [])[0]?.status, null);
  assertEquals(readSent([{ ...item, body: "half \ud83d" }], [])[0]?.body, "half \ufffd");
  for (
    const wrong of [
      "text",
      [null],
      [{ what: "GET x" }],
      Array(SENT_LIMITS.items + 2).fill(item),
      [{ ...item, what: "x".repeat(SENT_LIMITS.what + 1) }],
      [{ ...item, body: "x".repeat(SENT_LIMITS.body) }, { ...item, body: "x" }],
    ]
  ) {
    assertThrows(() => readSent(wrong, []));
  }
});
