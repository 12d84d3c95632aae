import { assert, assertEquals, assertExists, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createReceiver, type Receipt } from "../../lib/receive/receiver.ts";
import { GOLDEN_SECRET, GOLDEN_VECTORS } from "../verify/golden_vectors.ts";
import { startPublicListener } from "../support/public_listener.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";

async function expectProblem(response: Response, status: number, reason: string) {
  const problem = await response.json();
  assertEquals([response.status, problem.status, problem.reason], [status, status, reason]);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assert(problem.title.length > 0 && problem.detail.length > 0);
}

const now = () => Math.floor(Date.now() / 1000);

Deno.test("a verified, new event is accepted, and stored byte for byte with its deliveries", async () => {
  await using listener = await startPublicListener({
    routes: [{ name: "names", fields: ["name"] }, { name: "links", fields: ["links.*"] }, { name: "whole" }],
  });
  const body =
    '{"event_type":"cg.coin.info.updated", "data":{"id":"aave","symbol":"aave","name":"Aave ☕","changes":[{"field":"symbol","change_type":"update"},{"field":"name","change_type":"update"}]}}';
  const response = await fetch(`${listener.url}/webhook`, signedRequest({ id: "evt:1", body }));
  assertEquals([response.status, await response.json()], [200, { status: "accepted" }]);
  const event = await listener.store.event({ id: "evt:1" });
  assertExists(event);
  assertEquals(new TextDecoder().decode(event.body), body);
  assertEquals([event.source, event.type, event.coin, event.test], [
    "cryptosync",
    "cg.coin.info.updated",
    "aave",
    false,
  ]);
  const deliveries = await listener.store.deliveries({}, { limit: 10 });
  assertEquals(
    deliveries.map(({ route, state, matched }) => ({ route, state, matched })).sort((a, b) =>
      a.route < b.route ? -1 : 1
    ),
    [{ route: "names", state: "pending", matched: [1] }, { route: "whole", state: "pending", matched: null }],
  );
});

Deno.test("the golden vectors are accepted at their time, and due when they came", async () => {
  for (const { timestamp, id, body, signature } of GOLDEN_VECTORS) {
    const received = Number(timestamp) * 1000 + 1234;
    await using listener = await startPublicListener({ now: () => received, routes: [{ name: "whole" }] });
    const request = signedRequest({ id, timestamp, body });
    assertEquals((request.headers as Record<string, string>)["x-cg-signature"], signature);
    const response = await fetch(`${listener.url}/webhook`, request);
    assertEquals([response.status, await response.json()], [200, { status: "accepted" }]);
    assertEquals((await listener.store.deliveries({}, { limit: 10 })).map(({ dueAt }) => dueAt), [received]);
  }
});

Deno.test("an event seen before is answered as a duplicate", async () => {
  await using listener = await startPublicListener();
  const request = signedRequest({ id: "evt-1" });
  await (await fetch(`${listener.url}/webhook`, request)).body?.cancel();
  const again = await fetch(`${listener.url}/webhook`, request);
  assertEquals([again.status, await again.json()], [200, { status: "duplicate" }]);
  assertEquals(listener.receipts.map(({ result }) => result), ["accepted", "duplicate"]);
});

Deno.test("fifty simultaneous copies give one accepted and 49 duplicates", async () => {
  await using listener = await startPublicListener({ routes: [{ name: "whole" }] });
  const request = signedRequest({ id: "evt-1" });
  const answers = await Promise.all(
    Array.from(
      { length: 50 },
      async () => (await (await fetch(`${listener.url}/webhook`, request)).json()).status,
    ),
  );
  assertEquals(answers.filter((status) => status === "accepted").length, 1);
  assertEquals(answers.filter((status) => status === "duplicate").length, 49);
  assertEquals((await listener.store.deliveries({}, { limit: 100 })).length, 1);
});

for (
  const [what, body] of [
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no event type", '{"data":{}}'],
    ["an empty event type", '{"event_type":"","data":{}}'],
    ["no data", '{"event_type":"x"}'],
    ["changes that are none", '{"event_type":"x","data":{"changes":[1]}}'],
    ["a change without its type", '{"event_type":"x","data":{"changes":[{"field":"name"}]}}'],
    ["nothing but brackets, deep inside each other", "[".repeat(300_000) + "]".repeat(300_000)],
    ["data too deep to walk through", nested(65)],
    ["invalid UTF-8", withBytes('{"event_type":"x","data":{"id":"?"}}', 0xff)],
    ["a lone surrogate", withBytes('{"event_type":"x","data":{"id":"???"}}', 0xed, 0xa0, 0x80)],
    ["nothing", ""],
  ] as const
) {
  Deno.test(`a verified body with ${what} is kept raw, answered 200 and reported as not understood`, async () => {
    await using listener = await startPublicListener({ routes: [{ name: "whole" }] });
    const response = await fetch(`${listener.url}/webhook`, signedRequest({ id: "odd", body }));
    assertEquals([response.status, await response.json()], [200, { status: "accepted" }]);
    const event = await listener.store.event({ id: "odd" });
    assertEquals(event?.type, null);
    assertEquals(event?.body, typeof body === "string" ? new TextEncoder().encode(body) : body);
    assertExists(listener.receipts[0]?.notUnderstood);
    assertEquals(await listener.store.deliveries({}, { limit: 10 }), []);
  });
}

Deno.test("an event whose changes are null is one without changes, and routed like it", async () => {
  await using listener = await startPublicListener({
    routes: [{ name: "price", fields: ["price.usd"] }, { name: "changed", fields: ["changes"] }],
  });
  const body = '{"event_type":"cg.coin.price.moved","data":{"id":"aave","changes":null,"price":{"usd":5}}}';
  await (await fetch(`${listener.url}/webhook`, signedRequest({ body }))).body?.cancel();
  assertEquals(listener.receipts[0]?.notUnderstood, null);
  const deliveries = await listener.store.deliveries({}, { limit: 10 });
  assertEquals(deliveries.map(({ route, matched }) => [route, matched]), [["price", null]]);
});

Deno.test("a body may be nested 64 deep", async () => {
  await using listener = await startPublicListener({ routes: [{ name: "whole" }] });
  await (await fetch(`${listener.url}/webhook`, signedRequest({ body: nested(64) }))).body?.cancel();
  assertEquals(listener.receipts[0]?.notUnderstood, null);
});

for (
  const [what, coin, body] of [
    ["the one that data names", "aave", '{"event_type":"x","data":{"id":"aave"}}'],
    [
      "the one beside data, where data is something else",
      "aave",
      '{"event_type":"x","coin":{"id":"aave"},"data":{"id":"7"}}',
    ],
    ["none where data names none", null, '{"event_type":"x","data":{}}'],
    ["none where its id is no text", null, '{"event_type":"x","data":{"id":7}}'],
  ] as const
) {
  Deno.test(`the coin of an event is ${what}`, async () => {
    await using listener = await startPublicListener();
    await (await fetch(`${listener.url}/webhook`, signedRequest({ id: "evt-1", body }))).body?.cancel();
    assertEquals((await listener.store.event({ id: "evt-1" }))?.coin, coin);
  });
}

Deno.test("a body that was sent with the mark for unreadable text in it is understood", async () => {
  await using listener = await startPublicListener();
  const body = '\uFEFF{"event_type":"x","data":{"id":"\uFFFD"}}';
  await fetch(`${listener.url}/webhook`, signedRequest({ id: "marked", body }));
  assertEquals((await listener.store.event({ id: "marked" }))?.coin, "\uFFFD");
});

Deno.test("401 tells which check failed, and nothing is stored", async () => {
  await using listener = await startPublicListener();
  const send = (request: RequestInit) => fetch(`${listener.url}/webhook`, request);
  await expectProblem(await send({ method: "POST", body: "{}" }), 401, "missing_header");
  await expectProblem(await send(signedRequest({ secret: "whsec_other" })), 401, "bad_signature");
  await expectProblem(await send(signedRequest({ timestamp: String(now() - 400) })), 401, "stale_timestamp");
  await expectProblem(await send(signedRequest({ timestamp: String(now() + 400) })), 401, "future_timestamp");
  await expectProblem(await send(signedRequest({ timestamp: "today" })), 401, "bad_timestamp");
  assertEquals(await listener.store.events({}, { limit: 10 }), []);
  assertEquals(listener.receipts.map(({ authentic }) => authentic), [false, false, true, true, true]);
});

Deno.test("what bears the header of a test is reported as one, taken or refused", async () => {
  await using listener = await startPublicListener();
  for (const secret of [GOLDEN_SECRET, "whsec_other"]) {
    for (const test of [true, false]) {
      const request = signedRequest({ secret, id: `test: ${test}` });
      const headers = { ...request.headers, ...test && { "x-coinrelay-test": "1" } };
      await (await fetch(`${listener.url}/webhook`, { ...request, headers })).body?.cancel();
    }
  }
  assertEquals(listener.receipts.map(({ result, test }) => [result, test]), [
    ["accepted", true],
    ["accepted", false],
    ["rejected", true],
    ["rejected", false],
  ]);
  for (const test of [true, false]) {
    assertEquals((await listener.store.event({ id: `test: ${test}` }))?.test, test);
  }
});

Deno.test("a refusal never tells the secret or the right signature", async () => {
  await using listener = await startPublicListener();
  const request = signedRequest();
  const right = (request.headers as Record<string, string>)["x-cg-signature"]!;
  const response = await fetch(`${listener.url}/webhook`, signedRequest({ secret: "whsec_other" }));
  const text = await response.text() + JSON.stringify([...response.headers]);
  assert(!text.includes(GOLDEN_SECRET) && !text.includes(right));
});

Deno.test("404 for any other path, and a trailing slash makes no difference", async () => {
  await using listener = await startPublicListener();
  for (const path of ["/", "/webhooks", "/webhook/x", "/WEBHOOK", "/api/events", "/metrics", "//webhook"]) {
    await expectProblem(await fetch(listener.url + path, signedRequest()), 404, "not_found");
  }
  await using slashed = await startPublicListener({ path: "/webhook/" });
  for (const path of ["/webhook", "/webhook/", "/webhook?x=1", "/webhook/?x=1"]) {
    for (const { url } of [listener, slashed]) {
      const response = await fetch(url + path, signedRequest());
      assertEquals((await response.json()).status, "accepted", path);
    }
  }
});

Deno.test("405 names the methods that are allowed", async () => {
  await using listener = await startPublicListener();
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const response = await fetch(`${listener.url}/webhook`, { method });
    assertEquals(response.headers.get("allow"), "POST");
    await expectProblem(response, 405, "method_not_allowed");
  }
  for (const method of ["POST", "PUT", "DELETE"]) {
    const response = await fetch(`${listener.url}/healthz`, { method });
    assertEquals(response.headers.get("allow"), "GET, HEAD");
    await expectProblem(response, 405, "method_not_allowed");
  }
});

Deno.test("healthz answers GET and HEAD", async () => {
  await using listener = await startPublicListener();
  assertEquals((await (await fetch(`${listener.url}/healthz`)).json()).status, "ok");
  const head = await fetch(`${listener.url}/healthz/`, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-length"), await head.text()], [200, "15", ""]);
});

Deno.test("413 for a body over the limit, whether its length is told or not", async () => {
  await using listener = await startPublicListener({ maxBodyBytes: 2000 });
  await expectProblem(
    await fetch(`${listener.url}/webhook`, signedRequest({ body: "x".repeat(2001) })),
    413,
    "too_large",
  );
  const inChunks = (request: RequestInit) =>
    fetch(`${listener.url}/webhook`, { ...request, body: new Blob([request.body as BlobPart]).stream() });
  await expectProblem(await inChunks(signedRequest({ body: "x".repeat(2001) })), 413, "too_large");
  const just = { body: `"${"x".repeat(1998)}"` };
  const whole = await fetch(`${listener.url}/webhook`, signedRequest(just));
  assertEquals((await whole.json()).status, "accepted");
  assertEquals((await (await inChunks(signedRequest(just))).json()).status, "accepted");
  assertEquals(listener.receipts.map(({ reason }) => reason), ["too_large", "too_large", null, null]);
});

for (
  const [how, header] of [["of a told length", "Content-Length: 100"], [
    "in chunks",
    "Transfer-Encoding: chunked",
  ]]
) {
  Deno.test(`408 for a body ${how} that does not arrive in time`, async () => {
    await using listener = await startPublicListener({ bodyTimeoutSeconds: 0.3 });
    using connection = await Deno.connect({ port: listener.port });
    const head = `POST /webhook HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head));
    const answer = new Uint8Array(4096);
    const size = await connection.read(answer) ?? 0;
    const text = new TextDecoder().decode(answer.subarray(0, size));
    assertStringIncludes(text, "HTTP/1.1 408");
    assertStringIncludes(text, "too_slow");
    assertEquals(listener.receipts.map(({ result, reason }) => [result, reason]), [["rejected", "too_slow"]]);
  });
}

Deno.test("a sender who leaves in the middle of a body is no wrong signature", async () => {
  await using listener = await startPublicListener();
  const connection = await Deno.connect({ port: listener.port });
  const headers = Object.entries(signedRequest({ body: "" }).headers!).map(([name, value]) =>
    `${name}: ${value}`
  );
  const head = ["POST /webhook HTTP/1.1", "host: x", "content-length: 100", ...headers, "", "{"].join("\r\n");
  await connection.write(new TextEncoder().encode(head));
  connection.close();
  const { reason, authentic } = await until("it is told", () => listener.receipts[0]);
  assertEquals([reason, authentic], ["too_slow", false]);
});

Deno.test("503 with Retry-After while the store cannot commit, and 200 as soon as it can", async () => {
  await using listener = await startPublicListener();
  const holder = new DatabaseSync(listener.file, { timeout: 5000 });
  holder.exec("BEGIN IMMEDIATE");
  const request = signedRequest({ id: "evt-1" });
  const refused = await fetch(`${listener.url}/webhook`, request);
  assertExists(refused.headers.get("retry-after"));
  await expectProblem(refused, 503, "store_unavailable");
  holder.exec("ROLLBACK");
  holder.close();
  assertEquals((await (await fetch(`${listener.url}/webhook`, request)).json()).status, "accepted");
  assertEquals(listener.receipts.map(({ reason, authentic }) => [reason, authentic]), [
    ["store_unavailable", true],
    [null, true],
  ]);
  assertStringIncludes(listener.receipts[0]!.problem ?? "", "another process holds the database");
  assertEquals(listener.receipts[1]!.problem, undefined);
});

Deno.test("what fails by a fault of ours is counted as not stored, and told to whoever listens", async () => {
  const receipts: Receipt[] = [];
  const handler = createReceiver({
    config: {
      server: { hostname: "127.0.0.1", port: 0, maxBodyBytes: 2000, bodyTimeoutSeconds: 10 },
      sources: [{ name: "cryptosync", path: "/webhook", secrets: [GOLDEN_SECRET], maxAgeSeconds: 300 }],
    },
    append: () => Promise.reject(new TypeError("x is not a function")),
    plan: () => [],
    now: Date.now,
    observe: (receipt) => receipts.push(receipt),
  });
  await assertRejects(() => handler(new Request("http://x/webhook", signedRequest())), TypeError);
  assertEquals(receipts.map(({ reason, problem }) => [reason, problem]), [["store_unavailable", undefined]]);
});

/** A body that is nested so deep, all in all. */
function nested(depth: number): string {
  return `{"event_type":"x","data":${'{"a":'.repeat(depth - 1)}1${"}".repeat(depth - 1)}}`;
}

/** The UTF-8 of `text`, with `bytes` in place of its question marks. */
function withBytes(text: string, ...bytes: number[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text).map((byte) => byte === 0x3f ? bytes.shift()! : byte);
}
