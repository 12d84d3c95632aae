/** Bodies that no provider sends: each is signed, so it is taken, whatever it says. @module */
import { SAMPLES } from "../../lib/samples.ts";
import type { Random } from "../support/random.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const info = (data: string) => encode(`{"event_type":"cg.coin.info.updated","data":${data}}`);
const changes = (list: string) => info(`{"id":"a","symbol":"b","name":"c","changes":${list}}`);
const change = (field: string, value: string) =>
  changes(`[{"field":${field},"change_type":"update","old_value":${value},"new_value":${value}}]`);

/** Values that break what is not careful. */
const VALUES: readonly ((random: Random) => string)[] = [
  () => "1e999",
  () => "-1e-999",
  () => "9".repeat(400),
  () => "0.1".padEnd(500, "3"),
  () => '"\\ud800"',
  () => '"\\u0000"',
  () => '"\\u202e\\u0007\\u001b[2J"',
  () => '"<!channel> @everyone <script>alert(1)</script>"',
  () => '"${HOME} {{constructor}} {{{__proto__}}}"',
  () => '{"__proto__":{"polluted":true}}',
  () => '{"constructor":{"prototype":{"polluted":true}}}',
  () => '{"toString":null,"valueOf":null,"hasOwnProperty":null,"length":-1}',
  (random) => JSON.stringify("x".repeat(random.below(20_000))),
  (random) => `[${Array(1 + random.below(2000)).fill("null").join()}]`,
  (random) => nested("[", "]", random.below(200)),
  (random) => nested("[", "]", random.below(400_000)),
  (random) => nested('{"a":', "}", random.below(200), "1"),
  (random) => nested('{"a":', "}", random.below(150_000), "1"),
  () => "null",
  () => "true",
];

const FIELDS: readonly ((random: Random) => string)[] = [
  () => '"__proto__"',
  () => '"constructor.prototype"',
  () => '"platforms.__proto__"',
  () => '"links."',
  () => '".."',
  () => '""',
  () => '"*"',
  () => '"!links.*"',
  () => '"name\\u0000"',
  (random) => JSON.stringify("links." + "a.".repeat(random.below(3000))),
  (random) => JSON.stringify("x".repeat(random.below(50_000))),
  (random) => JSON.stringify(`field.${random.below(1e9)}`),
  () => "7",
  () => "null",
  () => '["name"]',
];

const BODIES: readonly ((random: Random) => Uint8Array)[] = [
  () => new Uint8Array(),
  () => encode(" \r\n\t"),
  () => encode("\ufeff{}"),
  () => encode("null"),
  () => encode('"text"'),
  () => encode("[]"),
  () => encode("{}"),
  () => encode("{".repeat(20_000)),
  () => encode('{"event_type":"","data":{}}'),
  () => encode('{"event_type":["cg.coin.listed"],"data":{}}'),
  () => encode('{"event_type":"__proto__","data":{"__proto__":1,"constructor":2}}'),
  () => encode('{"event_type":"a","event_type":"b","data":{"id":"x","id":{}}}'),
  () => encode('{"event_type":"cg.coin.listed","data":[]}'),
  () => encode('{"event_type":"cg.coin.listed","coin":{"id":["x"],"name":7},"data":{"id":{},"name":null}}'),
  () => info('{"changes":{}}'),
  () => changes("[null,1,[],{}]"),
  () => changes('[{"field":"name"}]'),
  () => changes('[{"field":"name","change_type":"__proto__"}]'),
  (random) =>
    changes(
      `[${
        Array.from({ length: random.below(3000) }, (_, i) => `{"field":"f.${i}","change_type":"removal"}`)
          .join()
      }]`,
    ),
  (random) => change(random.pick(FIELDS)(random), random.pick(VALUES)(random)),
  (random) => change('"name"', random.pick(VALUES)(random)),
  (random) => change(random.pick(FIELDS)(random), '"x"'),
  (random) => encode(`{"event_type":"cg.coin.price.moved","data":${random.pick(VALUES)(random)}}`),
  (random) => encode(`{"event_type":"x${"y".repeat(random.below(9000))}","data":{"id":"a"}}`),
  (random) => random.bytes(random.below(300)),
  (random) => spoil(encode(random.pick(SAMPLES).body), random),
  (random) => spoil(encode(random.pick(SAMPLES).body), random),
  (random) => encode(random.pick(SAMPLES).body),
];

/** Within the relay's limit, so that it is taken. */
const MOST_BYTES = 1_000_000;

/** A body. */
export function hostileBody(random: Random): Uint8Array {
  return random.pick(BODIES)(random).subarray(0, MOST_BYTES);
}

/** Changes, cuts or doubles a few bytes. */
export function spoil(bytes: Uint8Array, random: Random): Uint8Array {
  let spoiled: Uint8Array = bytes.slice();
  for (let times = 1 + random.below(4); times > 0 && spoiled.length > 0; times--) {
    const at = random.below(spoiled.length);
    const way = random.below(5);
    if (way === 0) spoiled[at] = random.below(256);
    else if (way === 1) spoiled[at]! ^= 1 << random.below(8);
    else if (way === 2) spoiled = spoiled.slice(0, at);
    else {
      const part = way === 3 ? random.bytes(random.below(20)) : spoiled.slice(at, at + random.below(100));
      spoiled = new Uint8Array([...spoiled.subarray(0, at), ...part, ...spoiled.subarray(at)]);
    }
  }
  return spoiled;
}

function nested(open: string, close: string, depth: number, core = ""): string {
  return open.repeat(depth) + core + close.repeat(depth);
}
