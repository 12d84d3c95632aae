import { assert, assertEquals, assertExists, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { GOLDEN_SECRET, GOLDEN_VECTORS } from "../verify/golden_vectors.ts";
import { startPublicListener } from "../support/public_listener.ts";
import { signedRequest } from "../support/signed_request.ts";

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

Deno.test("the golden vectors are accepted at their time", async () => {
  for (const { timestamp, id, body, signature } of GOLDEN_VECTORS) {
    await using listener = await startPublicListener({ now: () => Number(timestamp) * 1000 });
    const request = signedRequest({ id, timestamp, body });
    assertEquals((request.headers as Record<string, string>)["x-cg-signature"], signature);
    const response = await fetch(`${listener.url}/webhook`, request);
    assertEquals([response.status, await response.json()], [200, { status: "accepted" }]);
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
    ["no data", '{"event_type":"x"}'],
    ["changes that are none", '{"event_type":"x","data":{"changes":[1]}}'],
    ["nothing but brackets, deep inside each other", "[".repeat(300_000) + "]".repeat(300_000)],
    ["data too deep to walk through", `{"event_type":"x","data":${'{"a":'.repeat(65)}1${"}".repeat(65)}}`],
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
      const request = signedRequest({ secret });
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
  for (const path of ["/webhook/", "/webhook?x=1", "/webhook/?x=1"]) {
    const response = await fetch(listener.url + path, signedRequest());
    assertEquals((await response.json()).status, "accepted", path);
  }
});

Deno.test("405 names the methods that are allowed", async () => {
  await using listener = await startPublicListener();
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const response = await fetch(`${listener.url}/webhook`, { method });
    assertEquals(response.headers.get("allow"), "POST");
    await expectProblem(response, 405, "method_not_allowed");
  }
  await expectProblem(await fetch(`${listener.url}/healthz`, { method: "POST" }), 405, "method_not_allowed");
});

Deno.test("healthz answers GET and HEAD", async () => {
  await using listener = await startPublicListener();
  assertEquals((await (await fetch(`${listener.url}/healthz`)).json()).status, "ok");
  assertEquals((await fetch(`${listener.url}/healthz/`, { method: "HEAD" })).status, 200);
});

Deno.test("413 for a body over the limit, whether its length is told or not", async () => {
  await using listener = await startPublicListener({ maxBodyBytes: 2000 });
  await expectProblem(
    await fetch(`${listener.url}/webhook`, signedRequest({ body: "x".repeat(2001) })),
    413,
    "too_large",
  );
  const { headers } = signedRequest();
  const body = ReadableStream.from(
    Array.from({ length: 21 }, () => new TextEncoder().encode("x".repeat(100))),
  );
  await expectProblem(
    await fetch(`${listener.url}/webhook`, { method: "POST", headers: headers!, body }),
    413,
    "too_large",
  );
  const just = await fetch(`${listener.url}/webhook`, signedRequest({ body: `"${"x".repeat(1998)}"` }));
  assertEquals((await just.json()).status, "accepted");
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
  });
}

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
});

/** The UTF-8 of `text`, with `bytes` in place of its question marks. */
function withBytes(text: string, ...bytes: number[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text).map((byte) => byte === 0x3f ? bytes.shift()! : byte);
}
