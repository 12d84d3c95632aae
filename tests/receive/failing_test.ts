import { assertEquals } from "@std/assert";
import { createFailing, PROVIDER_TRIES } from "../../lib/receive/failing.ts";
import type { Receipt } from "../../lib/receive/receiver.ts";

const HOUR = 3_600_000, DAY = 24 * HOUR;
const AT = Date.parse("2026-01-01T12:00:00Z");
const EVENT = new TextEncoder().encode('{"event_type":"cg.coin.info.updated"}');

interface Tried {
  at?: number;
  /** When the event was signed. Default: as it came. */
  signedAt?: number;
  authentic?: boolean;
}

function refused(id: string, { at = AT, signedAt = at, authentic = false }: Tried = {}): Receipt {
  return {
    source: "cryptosync",
    at,
    result: "rejected",
    reason: authentic ? "stale_timestamp" : "bad_signature",
    authentic,
    test: false,
    headers: { timestamp: String(signedAt / 1000), id, signature: "00" },
    body: EVENT,
    notUnderstood: null,
    tookMs: 1,
  };
}

const taken = (id: string): Receipt => ({
  ...refused(id, { authentic: true }),
  result: "accepted",
  reason: null,
});

Deno.test("an event that was rightly signed once is the provider's, whatever comes under its id, or beside it", () => {
  const failing = createFailing();
  failing.record(refused("evt", { authentic: true }));
  assertEquals(failing.record(refused("evt")), { tries: 2, authentic: true, inARow: 2 });
  failing.record(refused("a stranger's"));
  assertEquals(failing.read(AT)?.authentic, true);
});

Deno.test("the event that was tried most is told", () => {
  const failing = createFailing();
  for (const id of ["a", "b", "b", "b", "c"]) failing.record(refused(id));
  const { eventId, tries, events, refusals } = failing.read(AT)!;
  assertEquals({ eventId, tries, events, refusals }, { eventId: "b", tries: 3, events: 3, refusals: 5 });
});

Deno.test("the provider's patience runs from when the event was signed, as soon as that is known", () => {
  const failing = createFailing();
  failing.record(refused("evt", { signedAt: AT - 2 * HOUR }));
  assertEquals(failing.read(AT)?.disabledAt, AT + DAY);
  failing.record(refused("evt", { at: AT + HOUR, signedAt: AT - 2 * HOUR, authentic: true }));
  assertEquals(failing.read(AT + HOUR)?.disabledAt, AT - 2 * HOUR + DAY);
});

Deno.test("a time of signing that lies ahead, or longer ago than the provider tries, says nothing", () => {
  for (const signedAt of [AT + HOUR, AT - 25 * HOUR]) {
    const failing = createFailing();
    failing.record(refused("evt", { signedAt, authentic: true }));
    assertEquals(failing.read(AT)?.disabledAt, AT + DAY);
  }
});

Deno.test("what names no event fails since the first of a row", () => {
  const failing = createFailing();
  failing.record(refused(""));
  failing.record(refused("", { at: AT + HOUR }));
  const { since, disabledAt, inARow, events } = failing.read(AT + HOUR)!;
  assertEquals({ since, disabledAt, inARow, events }, {
    since: AT,
    disabledAt: AT + DAY,
    inARow: 2,
    events: 0,
  });
});

Deno.test("the provider has given up an event of its own, or one that came as often as only it sends", () => {
  const gaveUp = (tries: number, authentic: boolean) => {
    const failing = createFailing();
    for (let i = 0; i < tries; i++) failing.record(refused("evt", { authentic }));
    assertEquals(failing.read(AT + DAY - 1)?.gaveUp, false);
    return failing.read(AT + DAY)?.gaveUp ?? null;
  };
  assertEquals([gaveUp(1, true), gaveUp(3, false), gaveUp(2, false)], [true, true, null]);
});

Deno.test("that it gave up stands, with its count, until something is taken", () => {
  const failing = createFailing();
  for (let i = 0; i < PROVIDER_TRIES; i++) failing.record(refused("evt", { authentic: true }));
  for (const at of [AT + DAY, AT + 3 * DAY]) {
    const { gaveUp, refusals, tries } = failing.read(at)!;
    assertEquals({ gaveUp, refusals, tries }, { gaveUp: true, refusals: 14, tries: 14 });
  }
  failing.record(taken("another"));
  assertEquals(failing.read(AT + 3 * DAY), null);
});

Deno.test("an event that is taken fails no longer, however long its id; what still fails keeps the count", () => {
  const failing = createFailing();
  const long = "x".repeat(5000);
  for (const id of [long, long, "other"]) failing.record(refused(id));
  failing.record(taken(long));
  const { eventId, refusals, inARow } = failing.read(AT)!;
  assertEquals({ eventId, refusals, inARow }, { eventId: "other", refusals: 3, inARow: 0 });
  failing.record(taken("other"));
  assertEquals([failing.read(AT), failing.any()], [null, false]);
});

Deno.test("of too many events the one that was tried longest ago is forgotten, the provider's last", () => {
  const failing = createFailing();
  failing.record(refused("the provider's", { authentic: true }));
  failing.record(refused("old"));
  failing.record(refused("older"));
  failing.record(refused("old"));
  for (let i = 0; i < 998; i++) failing.record(refused(`stranger ${i}`));
  const tries = (id: string) => failing.record(refused(id))?.tries;
  assertEquals([tries("old"), tries("the provider's"), tries("older")], [3, 2, 1]);
});

Deno.test("after a restart the tries before it count", () => {
  const before = {
    id: "evt",
    since: AT,
    tries: 5,
    authentic: true,
    reason: "stale_timestamp" as const,
    disabledAt: AT + DAY,
  };
  const { refusals, tries, since, disabledAt } = createFailing(before).read(AT + HOUR)!;
  assertEquals({ refusals, tries, since, disabledAt }, {
    refusals: 5,
    tries: 5,
    since: AT,
    disabledAt: AT + DAY,
  });
});

Deno.test("only what is surely or probably the provider's may have been taken by another relay", () => {
  const failing = createFailing();
  failing.record(refused("signed", { authentic: true }));
  for (let i = 0; i < 3; i++) failing.record(refused("often"));
  failing.record(refused("a stranger's"));
  assertEquals(failing.doubtful().events.map(({ id }) => id), ["signed", "often"]);
});
