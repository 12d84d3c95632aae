import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Receipt, RefusedBecause } from "../../lib/receive/receiver.ts";
import { between, textOf } from "./page_text.ts";
import { openRoom } from "./room.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

function receipt(source: string, parts: Partial<Receipt> = {}): Receipt {
  return {
    source,
    at: NOW,
    result: "accepted",
    reason: null,
    authentic: true,
    test: false,
    headers: { timestamp: "1767268800", id: "evt", signature: "ab" },
    body: new TextEncoder().encode("body"),
    notUnderstood: null,
    tookMs: 1,
    ...parts,
  };
}

const refused = (source: string, reason: RefusedBecause, parts: Partial<Receipt> = {}) =>
  receipt(source, { result: "rejected", reason, authentic: false, ...parts });

async function pageOf(names: string[], receipts: Receipt[], silentMinutes?: number) {
  let at = NOW - 60 * MINUTE;
  const room = await openRoom({
    now: () => at,
    sources: names.map((name) => ({ name, path: `/${name}`, ...(silentMinutes && { silentMinutes }) })),
  });
  at = NOW;
  for (const one of receipts) room.ledger.record(one);
  const html = await (await room.ask("/sources")).text();
  await room[Symbol.asyncDispose]();
  return (name: string) => between(html, `<section class="card" id="${name}"`, "</section>");
}

Deno.test("a source says in a word how it fares, and why where that is not well", async () => {
  const names = ["nothing", "receives", "strangers", "refuses", "recovers", "early"];
  const of = await pageOf(names, [
    receipt("receives", { notUnderstood: "no JSON" }),
    receipt("receives", { test: true }),
    receipt("receives", { result: "duplicate" }),
    refused("strangers", "bad_signature"),
    refused("refuses", "stale_timestamp", { authentic: true }),
    refused("refuses", "stale_timestamp", { authentic: true }),
    refused("recovers", "store_unavailable", { authentic: true }),
    receipt("recovers", { headers: { timestamp: "1", id: "another", signature: "" } }),
    receipt("early", { at: NOW - 30 * MINUTE, test: true }),
  ]);
  const badge = (name: string) => /<h2>.*?<span class="(badge[^"]*)">([^<]*)/.exec(of(name))!.slice(1);
  assertEquals(names.map(badge), [
    ["badge ", "nothing yet"],
    ["badge good", "receiving"],
    ["badge warn", "refused something"],
    ["badge bad", "refusing"],
    ["badge warn", "refused something"],
    ["badge good", "receiving"],
  ]);
  assertMatch(
    textOf(of("nothing")),
    /http:\/\/127.0.0.1:8080\/nothing Last event none yet Accepted 0 Known already 0 Refused 0 API credits 0 \(10 a new/,
  );
  assertStringIncludes(textOf(of("nothing")), "Nothing was refused");
  assertMatch(
    textOf(of("receives")),
    /Last event 2026-01-01 12:00:00 UTC Accepted 2 1 not understood Known already 1 Refused 0 API credits 10/,
  );
  assertMatch(
    textOf(of("strangers")),
    /^strangers refused something \S+ 1 delivery refused, the first .*None was rightly signed/,
  );
  assertMatch(
    textOf(of("refuses")),
    /2 deliveries refused, the first 2026-01-01 12:00:00 UTC , and not taken yet\. 2 of the provider's 14 tries are used up.*Some were rightly signed/,
  );
  assertEquals(of("refuses").match(/<i class="used">/g)?.length, 2);
});

Deno.test("a source that has been silent for longer than it may says so", async () => {
  const receipts = [receipt("late", { at: NOW - 11 * MINUTE }), receipt("even", { at: NOW - 10 * MINUTE })];
  const of = await pageOf(["late", "even", "never"], receipts, 10);
  const stand = (name: string) => [
    /<span class="(badge[^"]*)">([^<]*)/.exec(of(name))![2],
    textOf(of(name)).includes("for more than 10 minutes"),
  ];
  assertEquals(["late", "even", "never"].map(stand), [["silent", true], ["receiving", false], [
    "silent",
    true,
  ]]);
});

Deno.test("the reasons for refusals are counted by source, of late and since the start", async () => {
  const of = await pageOf(["one", "two"], [
    refused("one", "bad_signature", { at: NOW - 30 * 60 * MINUTE }),
    refused("one", "bad_signature", { at: NOW - 3 * 60 * MINUTE }),
    refused("one", "bad_signature"),
    refused("one", "store_unavailable", { authentic: true }),
    refused("one", "future_timestamp", { authentic: true }),
    refused("two", "too_large"),
  ]);
  const rows = (name: string) =>
    [...between(of(name), "Refused because", "</table>").matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) => [
      /class="badge ([^"]*)"/.exec(row!)?.[1],
      textOf(row!),
    ]);
  assertEquals(rows("one"), [
    ["warn", "wrong signature 1 2 3"],
    ["bad", "from the future, rightly signed 1 1 1"],
    ["bad", "could not be stored 1 1 1"],
  ]);
  assertEquals(rows("two"), [["warn", "body too large 1 1 1"]]);
});

Deno.test("a refusal says which step failed and what it was given", async () => {
  const seconds = (at: number) => String(at / 1000);
  const of = await pageOf(["one", "two"], [
    refused("one", "missing_header", { headers: { timestamp: "", id: "", signature: "" } }),
    refused("one", "stale_timestamp", {
      authentic: true,
      headers: { timestamp: seconds(NOW - 10 * MINUTE), id: "late", signature: "cd" },
    }),
    refused("two", "future_timestamp", {
      authentic: true,
      headers: { timestamp: seconds(NOW + 10 * MINUTE), id: "early", signature: "ef" },
    }),
    refused("two", "bad_signature", {
      headers: { timestamp: seconds(NOW - 1000), id: "now", signature: "12" },
    }),
    refused("two", "bad_signature", {
      headers: { timestamp: seconds(NOW - 2000), id: "then", signature: "12" },
    }),
  ]);
  const refusals = (name: string) =>
    [...of(name).matchAll(/<details class="refusal".*?<\/details>/gs)].map(([one]) => one);
  const [late, bare] = refusals("one");
  const steps = (one: string) =>
    [...one.matchAll(/<li class="(\w+)">[^<]*<span class="vh">: ([^<]*)/g)].map(([, kind, word]) =>
      `${kind} ${word}`
    );
  assertEquals(steps(bare!), [
    "ok yes",
    "no no",
    "later not looked at",
    "later not looked at",
    "later not looked at",
  ]);
  assertEquals(steps(late!), ["ok yes", "ok yes", "ok yes", "no no", "later not looked at"]);
  assertMatch(
    textOf(bare!),
    /^header missing \S+ \S+ UTC no event id .*Timestamp \(missing\) Event id \(missing\) Signature \(missing\) Body 4 B/,
  );
  assertEquals(textOf(bare!).includes("Clock"), false);
  assertMatch(
    textOf(late!),
    /^too old, rightly signed \S+ \S+ UTC late .*Clock The signed timestamp lies 600 s before this server's time\. Timestamp 1767268200 Event id late Signature cd/,
  );
  const [then, now, early] = refusals("two");
  assertStringIncludes(textOf(early!), "The signed timestamp lies 600 s after this server's time.");
  assertStringIncludes(textOf(now!), "The signed timestamp is this server's own time.");
  assertStringIncludes(textOf(then!), "The signed timestamp lies 2 s before this server's time.");
});
