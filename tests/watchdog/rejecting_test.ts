import { assert, assertEquals } from "@std/assert";
import type { JsonObject } from "../../lib/nouns.ts";
import type { Receipt } from "../../lib/receive/receiver.ts";
import { createRejecting } from "../../lib/watchdog/rejecting.ts";

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 6, 24);

function receipt(
  at: number,
  reason: Receipt["reason"],
  settings: Partial<Receipt> & { id?: string } = {},
): Receipt {
  const { id = "evt-1", ...rest } = settings;
  const authentic = ["stale_timestamp", "future_timestamp", "store_unavailable"].includes(reason ?? "");
  return {
    source: "cryptosync",
    at,
    result: reason === null ? "accepted" : "rejected",
    reason,
    authentic: reason === null || authentic,
    test: false,
    headers: { timestamp: String(Math.floor(at / 1000)), id, signature: "00" },
    body: new Uint8Array(),
    notUnderstood: null,
    tookMs: 1,
    ...rest,
  };
}

const states = (told: JsonObject[]) => told.map(({ state, authentic }) => [state, authentic]);

Deno.test("a rightly signed refusal is told at once, with the tries and the time left", () => {
  const rejecting = createRejecting("cryptosync");
  const signedAt = String(START / 1000 - 3600);
  const [told, ...more] = rejecting.record(
    receipt(START, "stale_timestamp", { headers: { timestamp: signedAt, id: "evt-1", signature: "00" } }),
  );
  assertEquals(more, []);
  const { state, authentic, tries, triesAllowed, hoursLeft, eventId, reason, status } = told!;
  assertEquals({ state, authentic, tries, triesAllowed, hoursLeft, eventId, reason, status }, {
    state: "rejecting",
    authentic: true,
    tries: 1,
    triesAllowed: 14,
    hoursLeft: 23,
    eventId: "evt-1",
    reason: "stale_timestamp",
    status: 401,
  });
  assert(String(told!["summary"]).includes("maxAgeSeconds"), String(told!["summary"]));
});

Deno.test("a clock set back by an hour: what comes then lies ahead, and is told at once with the remedy", () => {
  const rejecting = createRejecting("cryptosync");
  const ahead = { timestamp: String((START + HOUR) / 1000), id: "evt-1", signature: "00" };
  const [told] = rejecting.record(receipt(START, "future_timestamp", { headers: ahead }));
  assertEquals([told!["state"], told!["authentic"], told!["hoursLeft"]], ["rejecting", true, 24]);
  assert(String(told!["summary"]).includes("clock"), String(told!["summary"]));
});

Deno.test("what could not be stored is told at once as a 503, and its end when it is taken", () => {
  const rejecting = createRejecting("cryptosync");
  assertEquals(rejecting.record(receipt(START, "store_unavailable"))[0]!["status"], 503);
  assertEquals(rejecting.record(receipt(START + 1, null, { id: "evt-2" })), []);
  assertEquals(states(rejecting.record(receipt(START + 2, null))), [["recovered", undefined]]);
});

Deno.test("a trouble that lasts is told at growing intervals, once more before its end, and at its end", () => {
  const rejecting = createRejecting("cryptosync");
  const told: [hours: number, state: unknown, tries: unknown][] = [];
  for (let at = START; at <= START + 30 * HOUR; at += MINUTE) {
    const due = (at - START) % (110 * MINUTE) === 0 && at - START < 24 * HOUR;
    const news = [...(due ? rejecting.record(receipt(at, "bad_signature")) : []), ...rejecting.tick(at)];
    told.push(
      ...news.map(({ state, tries }): [number, unknown, unknown] => [(at - START) / HOUR, state, tries]),
    );
  }
  const [first, ...rest] = told;
  assertEquals(first!.slice(1), ["rejecting", 3]);
  assert(told.length >= 5 && told.length <= 10, JSON.stringify(told));
  assert(
    rest.some(([hours, state]) => hours >= 22 && hours < 22.1 && state === "rejecting"),
    JSON.stringify(told),
  );
  assertEquals(told.at(-1), [24, "gave_up", 14]);
  assertEquals(
    rejecting.record(receipt(START + 40 * HOUR, null, { id: "evt-9" })).map(({ state }) => state),
    [
      "recovered",
    ],
  );
});

Deno.test("refusals that nobody signed are told when they look like deliveries, not before", () => {
  const one = createRejecting("cryptosync");
  assertEquals(one.record(receipt(START, "bad_signature")), []);
  assertEquals(one.record(receipt(START + 1, "bad_signature")), []);
  assertEquals(states(one.record(receipt(START + 2, "bad_signature"))), [["rejecting", false]]);
  const many = createRejecting("cryptosync");
  for (let i = 0; i < 4; i++) {
    assertEquals(many.record(receipt(START + i, "bad_signature", { id: `evt-${i}` })), []);
  }
  assertEquals(many.record(receipt(START + 4, "bad_signature", { id: "evt-4" })).length, 1);
});

Deno.test("another webhook that works does not hide one with a wrong secret", () => {
  const rejecting = createRejecting("cryptosync");
  const told: JsonObject[] = [];
  for (let i = 0; i < 3; i++) {
    told.push(...rejecting.record(receipt(START + i * HOUR, "bad_signature", { id: "wrong" })));
    told.push(...rejecting.record(receipt(START + i * HOUR + 1, null, { id: `right-${i}` })));
  }
  assertEquals(states(told), [["rejecting", false]]);
});

Deno.test("scanners are not told: no event is named, and the body is none", () => {
  const rejecting = createRejecting("cryptosync");
  const nothing = { headers: { timestamp: "", id: "", signature: "" } };
  for (let i = 0; i < 100; i++) {
    assertEquals(rejecting.record(receipt(START + i, "missing_header", nothing)), []);
  }
  const event = { ...nothing, body: new TextEncoder().encode('{"event_type":"cg.coin.listed","data":{}}') };
  const told = Array.from(
    { length: 10 },
    (_, i) => rejecting.record(receipt(START + i, "missing_header", event)),
  );
  assertEquals(told.flat().length, 1);
});

Deno.test("a flood is told a few times a day, costs little memory, and does not delay what is rightly signed", () => {
  const rejecting = createRejecting("cryptosync");
  let told = 0;
  for (let i = 0; i < 200_000; i++) {
    told += rejecting.record(receipt(START + i * 432, "bad_signature", { id: `${i}` })).length;
  }
  assert(told >= 2 && told <= 12, `${told} in 24 hours`);
  const [now] = rejecting.record(receipt(START + 24 * HOUR, "stale_timestamp", { id: "signed" }));
  assertEquals([now!["authentic"], now!["events"], now!["tries"]], [true, 1, 1]);
});

Deno.test("a trouble that comes and goes is told no more often than one that lasts", () => {
  const rejecting = createRejecting("cryptosync");
  let told = 0;
  for (let at = START; at < START + 24 * HOUR; at += MINUTE) {
    told += rejecting.record(receipt(at, "store_unavailable", { id: `${at}` })).filter(({ state }) =>
      state === "rejecting"
    ).length;
    rejecting.record(receipt(at + 1000, null, { id: `${at}` }));
  }
  assert(told <= 12, `${told} in 24 hours`);
});

Deno.test("tests that are refused are never told, and do not count against what the provider sends", () => {
  const rejecting = createRejecting("cryptosync");
  const reasons = ["bad_signature", "stale_timestamp", "store_unavailable"] as const;
  for (let i = 0; i < 30; i++) {
    const test = receipt(START + i, reasons[i % 3]!, { id: i < 15 ? "evt-1" : `evt-${i}`, test: true });
    assertEquals(rejecting.record(test), []);
  }
  assertEquals(rejecting.tick(START + 25 * HOUR), []);
  assertEquals(rejecting.record(receipt(START + 30, "bad_signature")), [], "its first try");
});

Deno.test("tests hide no trouble and end none: the provider's deliveries are told as if there were no tests", () => {
  const alone = createRejecting("cryptosync"), among = createRejecting("cryptosync");
  const test = (at: number, reason: Receipt["reason"], id: string) =>
    assertEquals(among.record(receipt(at, reason, { id, test: true })), []);
  const told: [JsonObject[], JsonObject[]] = [[], []];
  for (let at = START; at <= START + 25 * HOUR; at += 30 * MINUTE) {
    const one = receipt(at, "bad_signature", { id: `evt-${(at - START) / HOUR % 7}` });
    test(at, "bad_signature", one.headers.id);
    told[0].push(...alone.record(one), ...alone.tick(at));
    told[1].push(...among.record(one), ...among.tick(at));
    test(at, null, one.headers.id);
    test(at, null, "of the test itself");
  }
  assertEquals(told[1], told[0]);
  assertEquals(told[1].at(-1)!["state"], "gave_up");
});

Deno.test("a trouble whose events are long past ends with what the provider sends, not with a test", () => {
  const rejecting = createRejecting("cryptosync");
  const unnamed = {
    headers: { timestamp: "", id: "", signature: "" },
    body: new TextEncoder().encode('{"event_type":"cg.coin.listed","data":{}}'),
  };
  for (let i = 0; i < 5; i++) rejecting.record(receipt(START + i, "missing_header", unnamed));
  assertEquals(rejecting.record(receipt(START + 25 * HOUR, null, { test: true })), []);
  assertEquals(states(rejecting.record(receipt(START + 25 * HOUR, null))), [["recovered", undefined]]);
});

Deno.test("after a restart counts go on, and the end is told", () => {
  const first = createRejecting("cryptosync");
  first.record(receipt(START, "stale_timestamp"));
  const [before] = first.record(receipt(START + 20 * MINUTE, "stale_timestamp"));
  assertEquals(before!["tries"], 2);
  const second = createRejecting("cryptosync", before!);
  const [going] = second.record(receipt(START + 90 * MINUTE, "stale_timestamp"));
  assertEquals([going!["tries"], going!["hoursLeft"], going!["since"]], [3, 22.5, before!["since"]]);
  const [lastCall] = createRejecting("cryptosync", going!).tick(START + 23 * HOUR);
  assertEquals([lastCall!["reason"], lastCall!["tries"], lastCall!["hoursLeft"]], ["stale_timestamp", 3, 1]);
  const third = createRejecting("cryptosync", going!);
  assertEquals(states(third.record(receipt(START + 2 * HOUR, null))), [["recovered", undefined]]);
  const fourth = createRejecting("cryptosync", { ...going!, state: "recovered" });
  assertEquals(fourth.record(receipt(START + 2 * HOUR, null)), []);
});

Deno.test("a restart by itself is no news: what was told before it is not told again, and its end is", () => {
  const first = createRejecting("cryptosync");
  const [before] = first.record(receipt(START, "stale_timestamp"));
  assertEquals(createRejecting("cryptosync", before!).tick(START + HOUR), []);
  const [gaveUp] = first.tick(START + 24 * HOUR);
  assertEquals(gaveUp!["state"], "gave_up");
  const second = createRejecting("cryptosync", gaveUp!);
  assertEquals(second.tick(START + 25 * HOUR), []);
  assertEquals(states(second.record(receipt(START + 26 * HOUR, null))), [["recovered", undefined]]);
});

Deno.test("a refusal is told though one before it was told, and taken", () => {
  const rejecting = createRejecting("cryptosync");
  for (const at of [START, START + HOUR]) {
    assertEquals(states(rejecting.record(receipt(at, "store_unavailable"))), [["rejecting", true]]);
    assertEquals(rejecting.record(receipt(at + MINUTE, null)).length, 1);
  }
});

Deno.test("a trouble after one that has ended is told like the first, to its end", () => {
  const rejecting = createRejecting("cryptosync");
  const trouble = (from: number) => {
    const told: [hours: number, state: unknown][] = [];
    for (let at = from; at <= from + 25 * HOUR; at += MINUTE) {
      const news = [
        ...(at - from < 3 * MINUTE ? rejecting.record(receipt(at, "store_unavailable")) : []),
        ...rejecting.tick(at),
      ];
      told.push(...news.map(({ state }): [number, unknown] => [(at - from) / HOUR, state]));
    }
    return told;
  };
  const first = trouble(START);
  assertEquals(first.slice(-2).map(([hours, state]) => [Math.round(hours), state]), [[22, "rejecting"], [
    24,
    "gave_up",
  ]]);
  assertEquals(rejecting.record(receipt(START + 30 * HOUR, null)).length, 1);
  assertEquals(trouble(START + 60 * HOUR), first);
});

Deno.test("a clock set back by an hour delays no telling and loses no count", () => {
  const rejecting = createRejecting("cryptosync");
  assertEquals(rejecting.record(receipt(START, "store_unavailable")).length, 1);
  const [told] = rejecting.record(receipt(START - HOUR, "store_unavailable"));
  assertEquals(told!["tries"], 2);
});
