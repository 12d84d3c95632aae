import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { explainRefusal } from "../../lib/receive/explain_refusal.ts";
import type { Refusal } from "../../lib/receive/ledger.ts";
import { sign } from "../../lib/verify/signature.ts";

const AT = 1_776_066_000_000;
const SECRET = "whsec_right";
const BODY = '{"event_type":"cg.coin.listed","data":{"id":"café"}}';
const SOURCES = [
  { name: "first", path: "/first", secrets: [SECRET], maxAgeSeconds: 300 },
  { name: "second", path: "/second", secrets: ["whsec_other"], maxAgeSeconds: 300 },
];

const bytes = (text: string) => new TextEncoder().encode(text);

function refusal(change: Partial<Omit<Refusal, "headers">> & Partial<Refusal["headers"]> = {}): Refusal {
  const { timestamp = "1776066000", signature = "0".repeat(64), ...rest } = change;
  const body = rest.body ?? bytes(BODY);
  return {
    id: 1,
    source: "first",
    at: AT,
    reason: "bad_signature",
    authentic: false,
    bodyBytes: body.byteLength,
    ...rest,
    body,
    headers: { timestamp, id: "evt-1", signature },
  };
}

/** Explains a delivery that was signed like this. */
function signedWith(secret: string, body = bytes(BODY), id = "evt-1", timestamp = "1776066000") {
  return explainRefusal(refusal({ signature: sign(secret, timestamp, id, body) }), SOURCES).cause;
}

Deno.test("a wrong signature is told by how it came about", () => {
  assertStringIncludes(signedWith("whsec_other"), "the secret of the source “second”");
  assertStringIncludes(signedWith("right"), "without its whsec_ prefix");
  assertStringIncludes(signedWith("whsec_whsec_right"), "whsec_ prefix, which the configured one lacks");
  assertStringIncludes(
    signedWith(SECRET, bytes(JSON.stringify(JSON.parse(BODY), null, 2))),
    "the same JSON written otherwise",
  );
  assertStringIncludes(signedWith(SECRET, bytes(`${BODY}\n`)), "the same JSON written otherwise");
  assertStringIncludes(
    signedWith(SECRET, bytes('{"event_type": "cg.coin.listed", "data": {"id": "caf\\u00e9"}}')),
    "the same JSON written otherwise",
  );
  assertStringIncludes(
    explainRefusal(refusal({ signature: sign(SECRET, "evt-1", "1776066000", bytes(BODY)) }), SOURCES).cause,
    "timestamp and event id change places",
  );
  assertStringIncludes(signedWith("whsec_nobody"), "a secret that the relay does not have");
});

Deno.test("a delivery that was refused before its secret was set right needs nothing more", () => {
  assertStringIncludes(signedWith(SECRET), "a secret that the source has now");
});

Deno.test("a signature in capitals is told by how it came about, too", () => {
  const signature = sign("whsec_other", "1776066000", "evt-1", bytes(BODY)).toUpperCase();
  assertStringIncludes(
    explainRefusal(refusal({ signature }), SOURCES).cause,
    "the secret of the source “second”",
  );
});

Deno.test("a configured secret with white space around it is found out", () => {
  const sources = [{ ...SOURCES[0]!, secrets: [` "${SECRET}"\n`] }];
  const signature = sign(SECRET, "1776066000", "evt-1", bytes(BODY));
  assertStringIncludes(
    explainRefusal(refusal({ signature }), sources).cause,
    "without white space or quotes",
  );
});

Deno.test("a signature in another form is told from one that is no signature", () => {
  const hex = sign(SECRET, "1776066000", "evt-1", bytes(BODY));
  const base64 = btoa(hex.replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16))));
  const cause = (signature: string) => explainRefusal(refusal({ signature }), SOURCES).cause;
  assertStringIncludes(cause(`sha256=${hex}`), "written in another form");
  assertStringIncludes(cause(`v1,${base64}`), "written in another form");
  assertStringIncludes(cause("hello"), "is not 64 hexadecimal digits");
});

Deno.test("missing headers are named, and none at all is most likely not the provider", () => {
  const of = (headers: Refusal["headers"]) =>
    explainRefusal({ ...refusal({ reason: "missing_header" }), headers }, SOURCES).cause;
  assertEquals(of({ timestamp: "1", id: "", signature: "" }), "Missing: x-cg-event-id, x-cg-signature.");
  assertStringIncludes(of({ timestamp: "", id: "", signature: "" }), "most likely not the provider");
});

Deno.test("a timestamp that is off is told by how much, and whole hours by their likely cause", () => {
  const off = (timestamp: string, reason: Refusal["reason"]) =>
    explainRefusal(refusal({ timestamp, reason, authentic: true }), SOURCES);
  const stale = off("1776065600", "stale_timestamp");
  assertEquals([stale.ageSeconds, stale.cause], [400, "Rightly signed, but 7 min old."]);
  assertStringIncludes(off("1776058802", "stale_timestamp").cause, "a whole number of hours");
  assertStringIncludes(
    off("1776069600", "future_timestamp").cause,
    "lies 60 min ahead. That is a whole number of hours",
  );
  assertStringIncludes(off("1776066400", "future_timestamp").remedy, "clock is slow");
  assertEquals(off("yesterday", "bad_timestamp").ageSeconds, null);
});

Deno.test("every reason has a step, a cause and a remedy, and none of them holds a secret", () => {
  for (
    const reason of [
      "too_large",
      "too_slow",
      "missing_header",
      "bad_signature",
      "bad_timestamp",
      "stale_timestamp",
      "future_timestamp",
      "store_unavailable",
    ] as const
  ) {
    const told = explainRefusal(refusal({ reason }), SOURCES);
    for (const text of [told.step, told.cause, told.remedy]) assertMatch(text, /\S{3}/, reason);
    assert(!JSON.stringify(told).includes(SECRET));
    const right = sign(SECRET, "1776066000", "evt-1", bytes(BODY));
    assert(
      !JSON.stringify(told).includes(right),
      "the right signature would let its reader forge a delivery",
    );
  }
});

Deno.test("what was signed is shown from its beginning", () => {
  const { signedText } = explainRefusal(refusal({ body: bytes("x".repeat(5000)) }), SOURCES);
  assertEquals(signedText, `1776066000:evt-1:${"x".repeat(1024)}`);
});

Deno.test("a body that was kept in part is not guessed about", () => {
  const whole = bytes(BODY);
  const cut = refusal({
    signature: sign("whsec_other", "1776066000", "evt-1", whole),
    bodyBytes: whole.length + 1,
  });
  const { cause, remedy } = explainRefusal(cut, SOURCES);
  assertStringIncludes(cause, "too long to be kept whole");
  assertStringIncludes(remedy, "signing secret");
  assertStringIncludes(remedy, "rewrites bodies");
});
