import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Webhook } from "standardwebhooks";
import http from "../../plugins/http.ts";
import { attempt } from "./attempt.ts";
import { listen } from "./doubles/listen.ts";
import { everyChange, updated } from "./events.ts";
import { HOSTILE, hostileEvent } from "./hostile.ts";
import { deadOrigin, refusals, unreachable } from "./refusals.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0123456789ab";
const SECRETS = ["/hooks/0123456789", "key=hush-hush", "Bearer sesame-open", "sesame-open", SECRET];
const ok = () => new Response("ok");

Deno.test("http sends the event as JSON, whose webhook-id is the idempotency key", async () => {
  await using server = listen(ok);
  const event = updated(everyChange);
  const options = { url: `${server.origin}/in?key=1`, headers: { "x-team": "ops" } };
  assertEquals((await attempt(http, event, { options, idempotencyKey: "msg_1" })).error, "");
  const [request] = server.arrived;
  const { test: _, ...body } = event;
  assertEquals(JSON.parse(request!.body), body);
  assertEquals([request!.method, request!.path], ["POST", "/in?key=1"]);
  const header = (name: string) => request!.headers.get(name);
  assertEquals([header("content-type"), header("x-team"), header("webhook-id")], [
    "application/json",
    "ops",
    "msg_1",
  ]);
  assertEquals(header("webhook-signature"), null);
});

Deno.test("http says that a test event is a test", async () => {
  await using server = listen(ok);
  await attempt(http, updated([], { test: true }), { options: { url: server.origin } });
  assertEquals(JSON.parse(server.arrived[0]!.body).test, true);
});

Deno.test("http signs so that the Standard Webhooks library verifies it, and not with a byte changed", async () => {
  await using server = listen(ok);
  const event = hostileEvent("Genius ☕ <!channel>\r\n");
  const options = {
    url: server.origin,
    secret: SECRET,
    headers: { "Webhook-Id": "mine", "webhook-signature": "x", "Content-Type": "text/json" },
  };
  await attempt(http, event, { options });
  const { body, headers } = server.arrived[0]!;
  const webhook = new Webhook(SECRET);
  const given = Object.fromEntries(headers);
  const { test: _, ...sent } = event;
  assertEquals(webhook.verify(body, given), JSON.parse(JSON.stringify(sent)));
  assertThrows(() => webhook.verify(body.replace("Genius", "genius"), given));
  assertThrows(() => webhook.verify(body, { ...given, "webhook-id": "msg_2" }));
});

Deno.test("http passes hostile texts on as they came", async (step) => {
  await using server = listen(ok);
  for (const [says, text] of Object.entries(HOSTILE)) {
    await step.step(says, async () => {
      const event = hostileEvent(text);
      assertEquals(
        (await attempt(http, event, { options: { url: server.origin, secret: SECRET } })).error,
        "",
      );
      const body = JSON.parse(server.arrived.at(-1)!.body);
      assertEquals(body.changes, event.changes);
      assertEquals(body.coin, event.coin);
    });
  }
});

Deno.test("http refuses options that could not work, and names them", () => {
  const options = http.options!;
  const problems = (value: unknown) =>
    options.safeParse(value).error?.issues.map((issue) => issue.path.join(".")) ?? [];
  assertEquals(problems({ url: "ftp://x.example" }), ["url"]);
  assertEquals(problems({ url: "https://x.example", secret: "whsec_short" }), ["secret"]);
  assertEquals(problems({ url: "https://x.example", headers: { "bad header": "x" } }), [
    "headers.bad header",
  ]);
  assertEquals(problems({ url: "https://x.example", headers: { "x": "a\r\nb" } }), ["headers.x"]);
  assert(options.safeParse({ url: "https://x.example", secret: SECRET, method: "PUT" }).success);
});

Deno.test("http: each refusal leads to the right outcome", async (step) => {
  await using server = listen(ok);
  const options = {
    url: `${server.origin}/hooks/0123456789?key=hush-hush`,
    headers: { authorization: "Bearer sesame-open" },
    secret: SECRET,
  };
  await refusals(step, http, server, { options }, SECRETS);
});

Deno.test("http tells nothing of what a header holds, in whatever part or form the receiver repeats it", async () => {
  await using server = listen(ok);
  const headers = {
    authorization: `Basic ${btoa("alice:open-sesame")}`,
    cookie: "lang=en; session=s3cr3t-s3ss10n",
  };
  for (const said of ["open-sesame", btoa("alice:open-sesame"), "s3cr3t-s3ss10n"]) {
    server.next.push(new Response(`${said} is wrong`, { status: 401 }));
    const { error } = await attempt(http, updated([]), { options: { url: server.origin, headers } });
    assertStringIncludes(error, "401: … is wrong");
  }
});

Deno.test("http tells nothing of its URL's path and query, in whatever part the receiver repeats them", async () => {
  await using server = listen(ok);
  const url = `${server.origin}/hooks/0123-4.6789/bot1:abcdefghijkl?key=hush`;
  for (const said of ["0123-4.6789", "abcdefghijkl", "hush"]) {
    server.next.push(new Response(`${said} is wrong`, { status: 401 }));
    const { error } = await attempt(http, updated([]), { options: { url } });
    assertStringIncludes(error, "401: … is wrong");
  }
});

Deno.test("http retries when the receiver cannot be reached, and keeps its secrets to itself", async () => {
  const options = {
    url: `${deadOrigin()}/hooks/0123456789?key=hush-hush`,
    headers: { a: "Bearer sesame-open" },
  };
  await unreachable(http, { options }, SECRETS);
});
