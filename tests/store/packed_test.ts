import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Attempt, Delivery, StoredEvent } from "../../lib/nouns.ts";
import type { ClaimResult, Settlement } from "../../lib/store/contract.ts";
import { packClaims, unpackClaims } from "../../lib/store/sqlite/packed_claims.ts";
import { packSettlements, unpackSettlements } from "../../lib/store/sqlite/packed_settlements.ts";

const event = (seq: number, body: string, more: Partial<StoredEvent> = {}): StoredEvent => ({
  seq,
  source: "cryptosync",
  id: `id-${seq}`,
  type: "cg.coin.info.updated",
  coin: "aave",
  receivedAt: 1_776_066_000_000,
  timestamp: "1776066000",
  signature: "ab",
  body: new TextEncoder().encode(body),
  test: false,
  depth: 0,
  ...more,
});

const delivery = (id: number, of: number, more: Partial<Delivery> = {}): Delivery => ({
  id,
  event: of,
  route: "out",
  state: "running",
  matched: null,
  attempts: 1,
  dueAt: 5,
  createdAt: 4,
  finishedAt: null,
  error: null,
  replayOf: null,
  discarded: false,
  ...more,
});

Deno.test("claims that were packed by the store's thread come out as they went in", () => {
  const one = event(7, '{"a":"é"}');
  const other = event(9, "", { type: null, coin: null, test: true, depth: 3 });
  const answer: ClaimResult = {
    claimed: [
      { delivery: delivery(1, 7, { matched: [0, 2] }), event: one },
      { delivery: delivery(2, 9, { matched: [], route: "s", attempts: 3, error: "no" }), event: other },
      { delivery: delivery(3, 7, { replayOf: 1 }), event: one },
    ],
    nextDueAt: 12,
  };
  const unpacked = unpackClaims(structuredClone(packClaims(answer)));
  assertEquals(unpacked, answer);
  assertStrictEquals(unpacked.claimed[0]!.event, unpacked.claimed[2]!.event);
  const none: ClaimResult = { claimed: [], nextDueAt: null };
  assertEquals(unpackClaims(structuredClone(packClaims(none))), none);
});

Deno.test("settlements that were packed for the store's thread come out as they went in", () => {
  const attempt: Attempt = {
    number: 2,
    startedAt: 3,
    durationMs: 4,
    outcome: "done",
    error: null,
    sent: [],
  };
  const settled: Settlement = {
    delivery: 1,
    attempt: { ...attempt, sent: [{ what: "POST https://a.example/", status: 204, body: "{}" }] },
    next: { state: "done" },
    route: "out",
    kv: [],
    emitted: [],
  };
  const settlements: Settlement[] = [
    settled,
    { ...settled, delivery: 2, attempt: null, next: { state: "pending", dueAt: 0 } },
    {
      ...settled,
      delivery: 3,
      attempt: {
        ...attempt,
        durationMs: null,
        outcome: "timeout",
        error: "slow",
        sent: [{ what: "mail", status: null, body: "" }, { what: "PUT", status: 500, body: "x" }],
      },
      next: { state: "dead" },
      emitted: [{ ...event(0, "{}"), deliveries: [{ route: "s", matched: null, dueAt: 1 }] }],
    },
    { ...settled, delivery: 4, attempt, kv: [{ key: "k", value: "1" }, { key: "l", value: null }] },
  ];
  assertEquals(unpackSettlements(structuredClone(packSettlements(settlements))), settlements);
});
