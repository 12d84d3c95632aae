/** `post`: what an answer, or none, makes of a delivery, and what is told of it. */
import { assertEquals, assertRejects } from "@std/assert";
import { Permanent, post, type PostRequest, redact, retryAfterSeconds, RetryLater } from "coinrelay/plugin";
import { listen } from "./doubles/listen.ts";

const signal = new AbortController().signal;
const throughNetwork = { fetch, signal };
/** A context whose requests fail like this. */
const failing = (error: unknown) => ({ fetch: () => Promise.reject(error), signal });

/** What comes of a request that is answered like this. */
async function answered(respond: () => Response, request: PostRequest = { json: {} }, path = "/in") {
  await using server = listen(respond);
  const { origin } = server;
  return await post(throughNetwork, origin + path, request).then(() => null, (error: Error) => error);
}

Deno.test("a redirect is not followed: another host was not granted, and the body would be lost", async () => {
  await using server = listen(({ path }) =>
    path === "/in"
      ? new Response(null, { status: 302, headers: { location: "/elsewhere" } })
      : new Response("ok")
  );
  const error = await assertRejects(
    () => post(throughNetwork, `${server.origin}/in`, { json: {} }),
    Error,
    "302",
  );
  assertEquals(error.name, "Error", "it is tried again");
  assertEquals(server.arrived.map(({ method, path }) => [method, path]), [["POST", "/in"]]);
});

Deno.test("a receiver says when to come back by its header, else by its body, never before now nor after a day", async () => {
  const cases: [header: string | null, inBody: number | null, seconds: number | undefined][] = [
    ["7", 3, 7],
    ["1.5", null, 1.5],
    [null, 3, 3],
    [null, -5, 0],
    ["1000000", null, 86_400],
    [null, null, undefined],
    ["soon", null, undefined],
  ];
  for (const [header, inBody, seconds] of cases) {
    const headers: HeadersInit = header === null ? {} : { "retry-after": header };
    const request = { json: {}, retryAfter: () => inBody };
    const error = await answered(() => new Response("busy", { status: 429, headers }), request);
    assertEquals([header, inBody, error instanceof RetryLater ? error.seconds : undefined], [
      header,
      inBody,
      seconds,
    ]);
  }
  assertEquals(retryAfterSeconds("Thu, 01 Jan 1970 00:00:00 GMT", 60_000), 0, "a time that is over is now");
});

Deno.test("no more of an answer is read than its beginning", async () => {
  let read = 0, left = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++read > 1000) controller.close();
      else controller.enqueue(new Uint8Array(1024).fill(120));
    },
    cancel() {
      left = true;
    },
  });
  const answer = await post(
    { fetch: () => Promise.resolve(new Response(body)), signal },
    "https://x.example",
    {},
  );
  assertEquals([answer.text.length, left], [64 * 1024, true]);
});

Deno.test("a host that the route does not grant is given up, with what to do; a run whose time is over says so", async () => {
  const refusal = new Deno.errors.NotCapable('Requires net access to "x.example:443"');
  const { message } = await assertRejects(() => post(failing(refusal), "https://x.example/a", {}), Permanent);
  assertEquals(message, "POST https://x.example: the route does not grant this host: name it in allow.net");
  const over = { ...failing(new Error("cut off")), signal: AbortSignal.abort(new Error("the time is over")) };
  await assertRejects(() => post(over, "https://x.example", {}), Error, "the time is over");
});

Deno.test("what is told of a failure holds no secret: of the URL, of the headers, or named by the plugin", async () => {
  const url = "https://me:hush@x.example/hooks/0123456789?key=open";
  const said = "hush, 0123456789, open and sesame are wrong";
  const request = { secrets: ["sesame"] };
  const told = "…, …, … and … are wrong";
  const cut = new Error("client error", { cause: new Error(said) });
  await assertRejects(
    () => post(failing(cut), url, request),
    Error,
    `POST https://x.example: cannot reach it: ${told}`,
  );
  const refusing = { fetch: () => Promise.resolve(new Response(said, { status: 401 })), signal };
  await assertRejects(() => post(refusing, url, request), Permanent, `answered 401: ${told}`);
  assertEquals(
    redact("say open-sesame", ["open", "open-sesame"]),
    "say …",
    "no part of a longer one is left",
  );
});

Deno.test("JSON is sent as such, unless the plugin names another type", async () => {
  await using server = listen(() => new Response("ok"));
  await post(throughNetwork, server.origin, { json: { a: 1 } });
  await post(throughNetwork, server.origin, { json: { a: 1 }, headers: { "Content-Type": "text/json" } });
  await post(throughNetwork, server.origin, { method: "PUT", body: "plain", headers: [["x-a", "b"]] });
  assertEquals(
    server.arrived.map(({ method, headers, body }) => [method, headers.get("content-type"), body]),
    [
      ["POST", "application/json", '{"a":1}'],
      ["POST", "text/json", '{"a":1}'],
      ["PUT", "text/plain;charset=UTF-8", "plain"],
    ],
  );
});
