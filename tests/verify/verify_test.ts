import { assert, assertEquals, assertFalse } from "@std/assert";
import { createHmac } from "node:crypto";
import { createVerify } from "../../lib/verify/verify.ts";
import { sign } from "../../lib/verify/signature.ts";
import { GOLDEN_SECRET, GOLDEN_VECTORS, type GoldenVector } from "./golden_vectors.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const verify = createVerify({ secrets: [GOLDEN_SECRET], maxAgeSeconds: 300 });
const atTime = ({ timestamp }: GoldenVector) => Number(timestamp) * 1000;

function headersOf({ timestamp, id, signature }: GoldenVector): Headers {
  return new Headers({ "x-cg-timestamp": timestamp, "x-cg-event-id": id, "x-cg-signature": signature });
}

for (const vector of GOLDEN_VECTORS) {
  Deno.test(`verify() accepts the golden vector ${vector.id}`, () => {
    assert(verify(headersOf(vector), utf8(vector.body), atTime(vector)).verified);
    assertEquals(sign(GOLDEN_SECRET, vector.timestamp, vector.id, utf8(vector.body)), vector.signature);
  });

  Deno.test(`verify() refuses the golden vector ${vector.id} with any one byte of its body changed`, () => {
    const body = utf8(vector.body);
    for (let i = 0; i < body.length; i++) {
      const changed = body.slice();
      changed[i]! ^= 1;
      const verdict = verify(headersOf(vector), changed, atTime(vector));
      assert(!verdict.verified && verdict.reason === "bad_signature" && !verdict.authentic);
    }
  });

  Deno.test(`verify() refuses the golden vector ${vector.id} with any character of its headers changed`, () => {
    for (const part of ["timestamp", "id", "signature"] as const) {
      for (let i = 0; i < vector[part].length; i++) {
        const text = vector[part];
        const changed = text.slice(0, i) + (text[i] === "0" ? "1" : "0") + text.slice(i + 1);
        const verdict = verify(headersOf({ ...vector, [part]: changed }), utf8(vector.body), atTime(vector));
        assert(!verdict.verified && verdict.reason === "bad_signature", `${part}[${i}]`);
      }
    }
  });
}

const [first] = GOLDEN_VECTORS as [GoldenVector];
const body = utf8(first.body);

Deno.test("verify() accepts a signature in upper case", () => {
  assert(
    verify(headersOf({ ...first, signature: first.signature.toUpperCase() }), body, atTime(first)).verified,
  );
});

Deno.test("verify() accepts any of several secrets, so that one can be rotated", () => {
  for (const secrets of [["whsec_new", GOLDEN_SECRET], [GOLDEN_SECRET, "whsec_new"]]) {
    const rotating = createVerify({ secrets, maxAgeSeconds: 300 });
    assert(rotating(headersOf(first), body, atTime(first)).verified);
  }
});

for (const name of ["x-cg-timestamp", "x-cg-event-id", "x-cg-signature"]) {
  Deno.test(`verify() refuses a delivery without ${name}`, () => {
    const headers = headersOf(first);
    headers.delete(name);
    const verdict = verify(headers, body, atTime(first));
    assert(!verdict.verified && verdict.reason === "missing_header");
  });
}

for (const signature of ["", "00", "zz".repeat(32), "0".repeat(63), "0".repeat(65), "é".repeat(64)]) {
  Deno.test(`verify() refuses the malformed signature ${JSON.stringify(signature)}`, () => {
    assertFalse(verify(headersOf({ ...first, signature }), body, atTime(first)).verified);
  });
}

Deno.test("verify() tells the signer, and nobody else, that a timestamp is stale or ahead", () => {
  const hour = 3600_000;
  const stale = verify(headersOf(first), body, atTime(first) + hour);
  assert(!stale.verified && stale.reason === "stale_timestamp" && stale.authentic);
  const ahead = verify(headersOf(first), body, atTime(first) - hour);
  assert(!ahead.verified && ahead.reason === "future_timestamp" && ahead.authentic);
  const stranger = verify(headersOf({ ...first, signature: "0".repeat(64) }), body, atTime(first) + hour);
  assert(!stranger.verified && stranger.reason === "bad_signature" && !stranger.authentic);
});

Deno.test("verify() takes a timestamp just as old as allowed, and no older", () => {
  assert(verify(headersOf(first), body, atTime(first) + 300_999).verified);
  assertFalse(verify(headersOf(first), body, atTime(first) + 301_000).verified);
});

for (const timestamp of ["soon", "1e9", "-1776066000", "1776066000.5", "9".repeat(40), "0x69dcc350"]) {
  Deno.test(`verify() refuses the signed timestamp ${timestamp}`, () => {
    const signature = sign(GOLDEN_SECRET, timestamp, first.id, body);
    const verdict = verify(headersOf({ ...first, timestamp, signature }), body, atTime(first));
    assert(!verdict.verified && verdict.reason === "bad_timestamp" && verdict.authentic);
  });
}

Deno.test("verify() takes an event id of bytes beyond ASCII as they were signed", () => {
  const id = "caf\u00c3\u00a9"; // how the UTF-8 bytes of "café" reach us in a header
  const signature = sign(GOLDEN_SECRET, first.timestamp, id, body);
  const headers = {
    get: (name: string) =>
      ({ ...headersLike(first), "x-cg-event-id": id, "x-cg-signature": signature })[name] ?? null,
  };
  assert(verify(headers as unknown as Headers, body, atTime(first)).verified);
});

Deno.test("verify() takes event ids of any length, in turn", () => {
  for (const length of [36, 500, 1, 20_000, 36]) {
    const id = "e".repeat(length);
    const mac = createHmac("sha256", GOLDEN_SECRET).update(`${first.timestamp}:${id}:`).update(body);
    const headers = headersOf({ ...first, id, signature: mac.digest("hex") });
    assert(verify(headers, body, atTime(first)).verified);
    headers.set("x-cg-event-id", `${id}e`);
    assertFalse(verify(headers, body, atTime(first)).verified);
  }
});

function headersLike(vector: GoldenVector): Record<string, string> {
  return Object.fromEntries(headersOf(vector));
}
