import { assertEquals, assertNotEquals } from "@std/assert";
import { idempotencyKey } from "../../lib/dispatch/idempotency.ts";
import { eventForPlugin } from "../../lib/dispatch/job.ts";
import { MAX_ASKED_DELAY_MS, retryDelay } from "../../lib/dispatch/backoff.ts";
import type { Result } from "../../lib/dispatch/contract.ts";
import {
  DEAD_EVENT_TYPE,
  type Ended,
  faulted,
  givenBack,
  interrupted,
  MAX_DEPTH,
  settlement,
  unkeepable,
} from "../../lib/dispatch/settle.ts";
import type { Delivery, StoredEvent } from "../../lib/nouns.ts";
import type { Route } from "../../lib/route/resolve.ts";
import { DELIVERY, DONE, EVENT, POLICY, ROUTE } from "./fixtures.ts";

function ended(
  result: Partial<Result>,
  delivery: Partial<Delivery> = {},
  event: Partial<StoredEvent> = {},
): Ended {
  const claimed = { delivery: { ...DELIVERY, ...delivery }, event: { ...EVENT, ...event } };
  return {
    claimed,
    job: {
      plugin: "log",
      route: "names",
      delivery: claimed.delivery.id,
      event: eventForPlugin(claimed.event, claimed.delivery.matched),
      attempt: claimed.delivery.attempts,
      idempotencyKey: idempotencyKey(claimed.event, claimed.delivery),
      concurrency: 1,
      timeoutMs: 1000,
      depth: claimed.event.depth,
      kvGet: () => Promise.resolve(null),
    },
    route: ROUTE,
    result: { ...DONE, ...result },
    startedAt: 1000,
    now: 1250,
    random: 0.5,
    plan: (_content, now) => [{ route: "alarms", matched: null, dueAt: now }],
  };
}

Deno.test("success settles a delivery as done, with what it remembers and emits", () => {
  const { next, attempt, kv, emitted } = settlement(
    ended({ kv: [{ key: "a", value: "1" }], emitted: [{ type: "relay.link.checked", data: { ok: true } }] }),
  );
  assertEquals(next, { state: "done" });
  assertEquals(attempt, {
    number: 1,
    startedAt: 1000,
    durationMs: 250,
    outcome: "done",
    error: null,
    sent: [],
  });
  assertEquals(kv, [{ key: "a", value: "1" }]);
  assertEquals(
    emitted.map(({ source, type, coin, depth, deliveries }) => ({ source, type, coin, depth, deliveries })),
    [{
      source: "relay",
      type: "relay.link.checked",
      coin: "aave",
      depth: 1,
      deliveries: [{ route: "alarms", matched: null, dueAt: 1250 }],
    }],
  );
});

Deno.test("what was sent is kept with each delivery of a digest, its bodies with the first", () => {
  const sent = [{ what: "POST https://x.example/•••", status: 200, body: "all of it" }];
  assertEquals(settlement(ended({ sent })).attempt?.sent, sent);
  assertEquals(settlement(ended({ sent }), false).attempt?.sent, [{ ...sent[0]!, body: "" }]);
  assertEquals(settlement(ended({ sent, outcome: "retry", error: "no" })).attempt?.sent, sent);
});

Deno.test("what an attempt of a digest remembers and emits is written once, with the first of its deliveries", () => {
  const left = { kv: [{ key: "a", value: "1" }], emitted: [{ type: "x", data: {} }] };
  const { next, kv, emitted } = settlement(ended(left), false);
  assertEquals([next, kv, emitted], [{ state: "done" }, [], []]);
});

Deno.test("what is emitted bears the same id in every attempt, so that nothing is stored twice", () => {
  const emitted = [{ type: "x", data: {} }, { type: "x", data: {} }];
  const first = settlement(ended({ emitted })).emitted.map(({ id }) => id);
  const second = settlement(ended({ emitted }, { attempts: 4 })).emitted.map(({ id }) => id);
  assertEquals(first, second);
  assertNotEquals(first[0], first[1]);
});

Deno.test("a chain of emits is cut at its greatest depth", () => {
  const emitted = [{ type: "x", data: {} }];
  assertEquals(settlement(ended({ emitted }, {}, { depth: MAX_DEPTH - 1 })).emitted.length, 1);
  assertEquals(settlement(ended({ emitted }, {}, { depth: MAX_DEPTH })).emitted.length, 0);
});

for (const outcome of ["retry", "timeout", "crashed"] as const) {
  Deno.test(`an attempt that ends as ${outcome} is repeated later, and keeps nothing of what it wrote`, () => {
    const { next, kv, emitted } = settlement(
      ended({ outcome, error: "no", kv: [{ key: "a", value: "1" }], emitted: [{ type: "x", data: {} }] }),
    );
    assertEquals(next, { state: "pending", dueAt: 1250 + 1000 });
    assertEquals([kv, emitted], [[], []]);
  });
}

Deno.test("what failed before quiet hours is tried again after them, unless it may go out in them", () => {
  const schedule = { digest: null, quietHours: { from: "22:00", to: "07:00" }, timeZone: "UTC" };
  const retry = { ...POLICY, minDelayMs: 120_000 };
  const next = (startedAt: string, settings: Partial<Route> = {}) => {
    const at = Date.parse(startedAt);
    const failed = ended({ outcome: "retry", error: "no" });
    const route = { ...ROUTE, retry, schedule, ...settings };
    const { next } = settlement({ ...failed, route, startedAt: at, now: at });
    return next.state === "pending" ? new Date(next.dueAt).toISOString() : next.state;
  };
  assertEquals(next("2026-01-01T21:58:00Z"), "2026-01-01T21:59:00.000Z");
  assertEquals(next("2026-01-01T21:59:30Z"), "2026-01-02T07:00:00.000Z");
  assertEquals(next("2026-01-01T22:00:00Z"), "2026-01-01T22:01:00.000Z", "it went out in them before");
  const urgent = { fields: ["name"] }; // a change that the route itself does not take
  assertEquals(next("2026-01-01T21:59:30Z", { urgent }), "2026-01-01T22:00:30.000Z");
  assertEquals(next("2026-01-01T21:59:30Z", { urgent: { fields: ["image"] } }), "2026-01-02T07:00:00.000Z");
  const digest = { everyMs: 60_000 };
  assertEquals(
    next("2026-01-01T21:59:30Z", { urgent, schedule: { ...schedule, digest } }),
    "2026-01-02T07:00:00.000Z",
  );
});

Deno.test("an attempt that makes a dead letter keeps nothing of what it wrote, and emits nothing", () => {
  const { kv, emitted } = settlement(
    ended({ outcome: "permanent", kv: [{ key: "a", value: "1" }], emitted: [{ type: "x", data: {} }] }),
  );
  assertEquals([kv, emitted.map(({ type }) => type)], [[], [DEAD_EVENT_TYPE]]);
});

Deno.test("an event of the relay's own tells its coin where there is one, and is planned as what has no changes", () => {
  const contents: unknown[] = [];
  const own = (event: Partial<StoredEvent>) =>
    [{ emitted: [{ type: "x", data: { n: 1 } }] }, { outcome: "permanent" } as const].map((result) => {
      const plan: Ended["plan"] = (content) => (contents.push(content), []);
      const [one] = settlement({ ...ended(result, {}, event), plan }).emitted;
      return [one!.coin, JSON.parse(new TextDecoder().decode(one!.body)).coin];
    });
  const aave = { id: "aave", symbol: "aave", name: "Aave" };
  assertEquals(own({}), [["aave", aave], ["aave", aave]]);
  const coinless = new TextEncoder().encode('{"event_type":"relay.note","data":{}}');
  assertEquals(own({ type: "relay.note", coin: null, body: coinless }), [[null, undefined], [
    null,
    undefined,
  ]]);
  const nothing = { id: "", symbol: "", name: "" };
  assertEquals(contents.map((content) => Object(content)["coin"]), [aave, aave, nothing, nothing]);
  assertEquals(contents.map((content) => Object(content)["changes"]), Array(4).fill(null));
});

Deno.test("what tells of a death is one deeper in its chain, so that no chain of deaths is without end", () => {
  const depthOf = (depth: number) =>
    settlement(ended({ outcome: "permanent" }, {}, { depth })).emitted[0]!.depth;
  assertEquals([0, 1, MAX_DEPTH, MAX_DEPTH + 1].map(depthOf), [1, 2, MAX_DEPTH, MAX_DEPTH]);
});

Deno.test("what the store cannot keep of a route that is in force no more is a dead letter that leaves nothing", () => {
  const left = ended({ kv: [{ key: "a", value: "1" }], emitted: [{ type: "x", data: {} }] });
  const refusal = new TypeError("cannot be bound");
  const { attempt, next, kv, emitted } = unkeepable(
    { ...left, route: undefined },
    settlement(left),
    refusal,
  );
  assertEquals([attempt?.outcome, attempt?.error], [
    "permanent",
    "the store cannot keep what came of it: cannot be bound",
  ]);
  assertEquals([next, kv, emitted], [{ state: "dead" }, [], []]);
});

Deno.test("an attempt took no less than no time, though the clock was set back in it", () => {
  const { claimed } = ended({});
  assertEquals(interrupted(claimed, 1000, 400).attempt?.durationMs, 0);
});

Deno.test("a permanent failure makes a dead letter at once, and an event that tells of it", () => {
  const { next, emitted } = settlement(ended({ outcome: "permanent", error: "no_service" }));
  assertEquals(next, { state: "dead" });
  assertEquals(emitted.map(({ type, coin }) => [type, coin]), [[DEAD_EVENT_TYPE, "aave"]]);
  const { data } = JSON.parse(new TextDecoder().decode(emitted[0]!.body));
  assertEquals(data, {
    route: "names",
    plugin: "log",
    delivery: 7,
    attempts: 1,
    error: "no_service",
    event: { id: "evt-1", type: "cg.coin.info.updated", source: "cryptosync" },
  });
});

Deno.test("a delivery that dies again after a person has retried it is told again", () => {
  const dies = (startedAt: number) =>
    settlement({ ...ended({ outcome: "permanent" }), startedAt }).emitted[0]!.id;
  assertEquals(dies(1000), dies(1000));
  assertNotEquals(dies(1000), dies(2000));
});

Deno.test("what comes of a test is a test too: what is emitted, and what is told of its death", () => {
  const outcomes: Partial<Result>[] = [{ emitted: [{ type: "x", data: {} }] }, { outcome: "permanent" }];
  for (const test of [true, false]) {
    const told = outcomes.flatMap((result) => settlement(ended(result, {}, { test })).emitted);
    assertEquals(told.map((one) => one.test), [test, test]);
  }
});

Deno.test("what is told of a dead letter of a digest bears its own delivery's id and coin, as if it had gone alone", () => {
  const alone = ended({ outcome: "permanent", error: "no_service" });
  const job = alone.job!;
  const event = { ...job.event, coin: { id: "", symbol: "", name: "" }, test: true };
  const gathered = { ...alone, job: { ...job, event, idempotencyKey: "msg_of_the_digest" } };
  assertEquals(settlement(gathered).emitted, settlement(alone).emitted);
  assertEquals(settlement(gathered, false).emitted, settlement(alone).emitted);
});

Deno.test("a fault of the relay's where the route is in force no more counts as an attempt, and its delivery waits", () => {
  const { attempt, next, emitted } = faulted(
    { ...ended({}, { attempts: 10 }), route: undefined },
    new RangeError("no"),
  );
  assertEquals([attempt?.number, attempt?.outcome, attempt?.error], [10, "retry", "the relay failed: no"]);
  assertEquals([next, emitted], [{ state: "pending", dueAt: 1250 }, []]);
});

Deno.test("the last attempt makes a dead letter", () => {
  assertEquals(settlement(ended({ outcome: "retry" }, { attempts: 9 })).next.state, "pending");
  assertEquals(settlement(ended({ outcome: "retry" }, { attempts: 10 })).next.state, "dead");
});

Deno.test("the death of a delivery that told of a death is not told", () => {
  assertEquals(settlement(ended({ outcome: "permanent" }, {}, { type: DEAD_EVENT_TYPE })).emitted, []);
});

Deno.test("retryDelay() grows exponentially to its bound, with full jitter", () => {
  const longest = Array.from({ length: 9 }, (_, i) => retryDelay(POLICY, i + 1, null, 1));
  assertEquals(longest, [2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 512000]);
  assertEquals(retryDelay({ ...POLICY, maxAttempts: 99 }, 40, null, 1), 3_600_000);
  assertEquals(retryDelay(POLICY, 5, null, 0), 0);
});

Deno.test("retryDelay() waits at least as long as the receiver asks, up to a day", () => {
  assertEquals(retryDelay(POLICY, 1, 30, 0), 30_000);
  assertEquals(retryDelay(POLICY, 1, 30, 1), 32_000);
  assertEquals(retryDelay(POLICY, 1, 1e9, 0), MAX_ASKED_DELAY_MS);
  assertEquals(retryDelay(POLICY, 1, -5, 0), 0);
});

Deno.test("by the defaults the last attempt comes at most 1,022 seconds after the first", () => {
  const waits = Array.from({ length: 10 }, (_, index) => retryDelay(POLICY, index + 1, null, 1));
  assertEquals(waits.at(-1), null);
  assertEquals(waits.reduce<number>((sum, wait) => sum + (wait ?? 0), 0), 1_022_000);
});

Deno.test("the idempotency key is of one delivery: every attempt's, no other route's, event's or replay's", () => {
  const key = idempotencyKey(EVENT, DELIVERY);
  assertEquals(idempotencyKey(EVENT, { ...DELIVERY, id: 99 }), key);
  assertNotEquals(idempotencyKey(EVENT, { ...DELIVERY, route: "other" }), key);
  assertNotEquals(idempotencyKey({ ...EVENT, id: "evt-2" }, DELIVERY), key);
  assertNotEquals(idempotencyKey({ ...EVENT, source: "other" }, DELIVERY), key);
  assertNotEquals(idempotencyKey(EVENT, { ...DELIVERY, id: 8, replayOf: 7 }), key);
});

Deno.test("what is given back names the claim that is undone, unless an attempt was made", () => {
  const { claimed } = ended({}, { attempts: 3 });
  assertEquals(givenBack(claimed, 5, null).undoes, 3);
  assertEquals(givenBack(claimed, 5, settlement(ended({})).attempt).undoes, undefined);
});
