import { assertEquals } from "@std/assert";
import { createLedger, KEPT_BODY_BYTES } from "../../lib/receive/ledger.ts";
import type { Receipt, RefusedBecause } from "../../lib/receive/receiver.ts";
import { createSeries } from "../../lib/receive/series.ts";

const AT = Date.parse("2026-01-01T12:00:00Z");

function receipt(
  change: Partial<Omit<Receipt, "headers">> & { id?: string; headers?: Partial<Receipt["headers"]> } = {},
): Receipt {
  const { id = "evt", headers, ...rest } = change;
  return {
    source: "a",
    at: AT,
    result: "accepted",
    reason: null,
    authentic: true,
    test: false,
    headers: { timestamp: "1", id, signature: "s", ...headers },
    body: new Uint8Array(),
    notUnderstood: null,
    tookMs: 1,
    ...rest,
  };
}

const refused = (reason: RefusedBecause, change: Parameters<typeof receipt>[0] = {}) =>
  receipt({ result: "rejected", reason, authentic: false, ...change });

Deno.test("each source has its own counts", () => {
  const ledger = createLedger(AT);
  ledger.record(receipt());
  ledger.record(receipt({ result: "duplicate" }));
  ledger.record(receipt({ notUnderstood: "junk", at: AT + 5 }));
  ledger.record(refused("bad_signature"));
  ledger.record(receipt({ source: "b" }));
  const a = ledger.source("a", AT);
  assertEquals([a.accepted, a.duplicate, a.rejected.bad_signature, a.notUnderstood], [2, 1, 1, 1]);
  assertEquals(a.last, { accepted: AT + 5, duplicate: AT, rejected: AT });
  assertEquals(ledger.source("b", AT).accepted, 1);
  assertEquals(ledger.source("c", AT).accepted, 0);
});

Deno.test("a source is heard by what is new and by what is known, and not by a test", () => {
  const ledger = createLedger(AT);
  const heard = () => ledger.source("a", AT).heard;
  ledger.record(receipt({ test: true }));
  ledger.record(refused("bad_signature"));
  assertEquals(heard(), null);
  ledger.record(receipt({ at: AT + 1 }));
  ledger.record(receipt({ at: AT + 2, result: "duplicate" }));
  ledger.record(receipt({ at: AT + 3, test: true }));
  assertEquals(heard(), AT + 2);
});

Deno.test("counts over time hold a quarter of an hour in steps of ten seconds, and a day in quarters", () => {
  const ledger = createLedger(AT);
  ledger.record(receipt({ at: AT - 20 * 60_000 }));
  ledger.record(receipt({ at: AT - 60_000 }));
  ledger.record(receipt({ at: AT }));
  ledger.record(refused("bad_signature", { at: AT }));
  const sum = (buckets: { counts: { accepted: number } }[]) =>
    buckets.reduce((n, { counts }) => n + counts.accepted, 0);
  const recent = ledger.recent("a", AT);
  assertEquals([recent.length, sum(recent), recent.at(-1)!.counts.accepted], [90, 2, 1]);
  const day = ledger.day("a", AT);
  assertEquals([day.length, sum(day)], [96, 3]);
  const { rejected, bad_signature, stale_timestamp } = day.at(-1)!.counts;
  assertEquals([rejected, bad_signature, stale_timestamp], [1, 1, 0]);
});

Deno.test("a refused test is counted and explained, and fails no delivery of the provider's", () => {
  const ledger = createLedger(AT);
  ledger.record(refused("stale_timestamp", { authentic: true, test: true }));
  const { rejected, failing } = ledger.source("a", AT);
  assertEquals([rejected.stale_timestamp, ledger.refusals("a").length, failing], [1, 1, null]);
  ledger.record(refused("stale_timestamp", { authentic: true }));
  ledger.record(receipt({ test: true }));
  assertEquals(ledger.source("a", AT).failing?.tries, 1);
});

Deno.test("a flood of one reason pushes out no refusal of another, and memory stays bounded", () => {
  const ledger = createLedger(AT);
  ledger.record(refused("stale_timestamp", { id: "the provider's" }));
  for (let i = 0; i < 5000; i++) {
    const long = "x".repeat(3000);
    const headers = { id: `${i}${long}`, timestamp: long, signature: long };
    ledger.record(refused("bad_signature", { headers, body: new Uint8Array(100_000) }));
  }
  const kept = ledger.refusals("a");
  assertEquals(kept.length, 21);
  assertEquals(kept.at(-1)!.headers.id, "the provider's");
  assertEquals(kept[0]!.id, 5001);
  assertEquals([kept[0]!.body.byteLength, kept[0]!.bodyBytes], [KEPT_BODY_BYTES, 100_000]);
  assertEquals(Object.values(kept[0]!.headers).map(({ length }) => length), [512, 512, 512]);
  assertEquals(kept[0]!.body.buffer.byteLength, KEPT_BODY_BYTES);
});

Deno.test("a clock that runs backwards makes a series no longer", () => {
  const series = createSeries(["in"], 1000, 10);
  for (let at = 99_000; at >= 0; at -= 1000) series.add("in", at);
  const kept = Array.from({ length: 100 }, (_, i) => series.read(i * 1000).at(-1)!.counts.in);
  assertEquals(kept.reduce((sum, count) => sum + count), 20);
  assertEquals(kept[0], 1);
});
