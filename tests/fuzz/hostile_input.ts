/** Inputs for the public listener that mean no good. @module */
import { sign } from "../../lib/verify/signature.ts";
import type { Random } from "../support/random.ts";
import { hostileBody, spoil } from "./hostile_body.ts";
import { requestBytes } from "./raw_http.ts";

/** One input. */
export interface HostileInput {
  /** What is sent, chunk by chunk, over one connection. */
  chunks: Uint8Array[];
  /** Statuses of which each response must be one; null: any but a 5xx. */
  expected: readonly number[] | null;
  /** How many responses are sure to come. */
  answers: number;
  /** The kind, for a person. */
  kind: string;
}

type Header = [string, string];
type Make = (random: Random, id: string, secret: string) => HostileInput;

const encode = (text: string) => new TextEncoder().encode(text);
const now = () => String(Math.floor(Date.now() / 1000));
const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

function signedHeaders(secret: string, id: string, body: Uint8Array, timestamp = now()): Header[] {
  return [
    ["Host", "relay"],
    ["Content-Type", "application/json"],
    ["x-cg-timestamp", timestamp],
    ["x-cg-event-id", id],
    ["x-cg-signature", sign(secret, timestamp, id, body)],
    ["Content-Length", String(body.length)],
  ];
}

const without = (headers: Header[], name: string) => headers.filter(([known]) => known !== name);
const replaced = (headers: Header[], name: string, value: string): Header[] =>
  headers.map(([known, old]) => [known, known === name ? value : old]);

const PATHS = [
  "/%77ebhook",
  "/webhook%2f",
  "/webhook%00",
  "/webhook//",
  "//webhook",
  "/webhook/../webhook",
  "/./webhook",
  "/webhook;a=b",
  "/WEBHOOK",
  "/webhook/..%2f..%2fetc/passwd",
  "/%ff%fe",
  "/\xff\xfe",
  "/" + "a".repeat(5000),
  "*",
  "",
  "webhook",
  "http://other/healthz",
  "/api/events",
  "/metrics",
  "/healthz?" + "a=".repeat(500),
];
const METHODS = [
  "GET",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "PATCH",
  "HEAD",
  "PROPFIND",
  "post",
  "P\0ST",
  "",
];
const LENGTHS = ["-1", "0", "1", "99999999999999999999", "1e3", "0x10", "+5", "5, 5", "5, 6", " ", "NaN"];
const TIMESTAMPS = [
  "",
  "0",
  "-1",
  "1e9",
  "999999999999",
  "9".repeat(400),
  "yesterday",
  "1776066000.5",
  "٣",
  "0x5f",
  "NaN",
];
const IDS = [
  "",
  " ",
  "a:b:c",
  "../../x",
  "'; DROP TABLE events; --",
  "\xff\xfe\xfd",
  "\t",
  "x".repeat(6000),
  "__proto__",
  "%00",
];
const SIGNATURES = [
  "",
  "0",
  "f".repeat(63),
  "f".repeat(64),
  "g".repeat(64),
  "v1,abc",
  "f".repeat(6000),
  "\xff".repeat(64),
];
const RAW = [
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "GET /\r\n\r\n",
  "\r\n\r\n\r\n",
  "POST /webhook HTTP/1.1\r\n",
  "POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
  "POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
  "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /webhook HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
  "POST /webhook HTTP/1.1\r\n Host: folded\r\n\r\n",
  "POST /webhook HTTP/1.1\r\nHost: x\nContent-Length: 2\n\n{}",
  "POST /webhook HTTP/1.1\r\nHost: x\r\n: nameless\r\n\r\n",
  "POST /webhook HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
];

/** Each kind, with how often it comes. */
const KINDS: readonly [share: number, make: Make][] = [
  [6, (random, id, secret) => {
    const body = hostileBody(random);
    const chunks = [requestBytes({ headers: signedHeaders(secret, id, body), body })];
    return { chunks, expected: [200], answers: 1, kind: "a signed body" };
  }],
  [2, (random, id, secret) => {
    const body = hostileBody(random);
    const path = random.pick(PATHS);
    const chunks = [requestBytes({ path, headers: signedHeaders(secret, id, body), body })];
    return { chunks, expected: null, answers: 1, kind: `path ${path.slice(0, 30)}` };
  }],
  [2, (random, id, secret) => {
    const body = hostileBody(random);
    const method = random.pick(METHODS);
    const chunks = [requestBytes({ method, headers: signedHeaders(secret, id, body), body })];
    return { chunks, expected: null, answers: 1, kind: `method ${method}` };
  }],
  [3, (random, id, secret) => {
    const body = hostileBody(random);
    const name = random.pick(["x-cg-timestamp", "x-cg-event-id", "x-cg-signature"]);
    const values = { "x-cg-timestamp": TIMESTAMPS, "x-cg-event-id": IDS, "x-cg-signature": SIGNATURES };
    const headers = replaced(
      signedHeaders(secret, id, body),
      name,
      random.pick(values[name as keyof typeof values]),
    );
    return {
      chunks: [requestBytes({ headers, body })],
      expected: [400, 401, 431],
      answers: 1,
      kind: `odd ${name}`,
    };
  }],
  [2, (random, id, secret) => {
    const body = hostileBody(random);
    const timestamp = random.pick(TIMESTAMPS);
    const headers = signedHeaders(secret, id, body, latin1(encode(timestamp)));
    return {
      chunks: [requestBytes({ headers, body })],
      expected: [400, 401],
      answers: 1,
      kind: "a signed odd timestamp",
    };
  }],
  [1, (random, id, secret) => {
    const body = hostileBody(random);
    const [name, value] = random.pick(signedHeaders(secret, id, body).slice(2, 5));
    const headers: Header[] = [...signedHeaders(secret, id, body), [
      name!,
      random.chance(0.5) ? value! : "x",
    ]];
    return {
      chunks: [requestBytes({ headers, body })],
      expected: [400, 401],
      answers: 1,
      kind: `${name} twice`,
    };
  }],
  [1, (random, id, secret) => {
    const body = hostileBody(random);
    const headers = without(
      signedHeaders(secret, id, body),
      random.pick(["x-cg-timestamp", "x-cg-event-id", "x-cg-signature"]),
    );
    return {
      chunks: [requestBytes({ headers, body })],
      expected: [401],
      answers: 1,
      kind: "a header missing",
    };
  }],
  [2, (random, id, secret) => {
    const body = hostileBody(random);
    const headers = replaced(signedHeaders(secret, id, body), "Content-Length", random.pick(LENGTHS));
    return { chunks: [requestBytes({ headers, body })], expected: null, answers: 0, kind: "a wrong length" };
  }],
  [1, (random, id, secret) => {
    const body = hostileBody(random);
    const many: Header[] = Array.from(
      { length: random.below(300) },
      (_, i) => [`x-${i}`, "y".repeat(random.below(200))],
    );
    const headers = [...signedHeaders(secret, id, body), ...many];
    return {
      chunks: [requestBytes({ headers, body })],
      expected: [200, 400, 431],
      answers: 1,
      kind: "many headers",
    };
  }],
  [1, (random, id, secret) => {
    const body = random.chance(0.5) ? new Uint8Array(1_048_577) : new Uint8Array(1_048_576);
    const headers = signedHeaders(secret, id, body);
    const expected = body.length > 1_048_576 ? [413] : [200];
    // One that is refused by its length alone may be cut off while it is still being sent.
    return {
      chunks: [requestBytes({ headers, body })],
      expected,
      answers: expected[0] === 200 ? 1 : 0,
      kind: "at the limit",
    };
  }],
  [1, (random, id, secret) => {
    const bodies = Array.from({ length: 2 + random.below(4) }, () => hostileBody(random));
    const chunks = bodies.map((body, i) =>
      requestBytes({ headers: signedHeaders(secret, `${id}-${i}`, body), body })
    );
    return { chunks, expected: [200], answers: bodies.length, kind: "pipelined" };
  }],
  [1, (random, id, secret) => {
    const body = hostileBody(random);
    const headers: Header[] = [...without(signedHeaders(secret, id, body), "Content-Length"), [
      "Transfer-Encoding",
      "chunked",
    ]];
    const sizes = Array.from({ length: 1 + random.below(5) }, () => random.below(body.length + 1)).sort((
      a,
      b,
    ) => a - b);
    const parts = [...sizes, body.length].map((end, i) => body.subarray(sizes[i - 1] ?? 0, end)).filter((
      { length },
    ) => length > 0);
    const chunked = parts.flatMap((
      part,
    ) => [encode(`${part.length.toString(16)}\r\n`), part, encode("\r\n")]);
    const chunks = [requestBytes({ headers, body: new Uint8Array() }), ...chunked, encode("0\r\n\r\n")];
    return { chunks, expected: [200], answers: 1, kind: "in chunks" };
  }],
  [3, (random, id, secret) => {
    const body = hostileBody(random);
    const chunks = [spoil(requestBytes({ headers: signedHeaders(secret, id, body), body }), random)];
    return { chunks, expected: null, answers: 0, kind: "a spoiled request" };
  }],
  [
    2,
    (random) => ({
      chunks: [random.bytes(random.below(2000))],
      expected: null,
      answers: 0,
      kind: "random bytes",
    }),
  ],
  [2, (random) => {
    const bytes = Uint8Array.from(random.pick(RAW), (character) => character.charCodeAt(0));
    return {
      chunks: [random.chance(0.5) ? bytes : spoil(bytes, random)],
      expected: null,
      answers: 0,
      kind: "raw",
    };
  }],
];
const SHARES = KINDS.reduce((sum, [share]) => sum + share, 0);

/** Makes one. `id` is to be used for no other. */
export function hostileInput(random: Random, id: string, secret: string): HostileInput {
  let draw = random.below(SHARES);
  for (const [share, make] of KINDS) {
    draw -= share;
    if (draw < 0) return make(random, id, secret);
  }
  throw new Error("shares are more than their sum");
}
