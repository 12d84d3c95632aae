import { assert, assertEquals } from "@std/assert";
import type { Change, Json } from "coinrelay/plugin";
import { runPlugin } from "coinrelay/plugin/testing";
import { bytesAfter, KV_ROUTE_BYTES } from "../../lib/dispatch/remembering.ts";
import { checkAddress } from "../../plugins/_address_forms.ts";
import contractWatch from "../../plugins/contract_watch.ts";
import addresses from "./addresses.json" with { type: "json" };
import { attempt } from "./attempt.ts";
import { everyChange, updated } from "./events.ts";
import { HOSTILE, hostileEvent } from "./hostile.ts";

const [A, B, C] = [
  "0xdac17f958d2ee523a2206206994597c13d831ec7",
  "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
  "0x4ecaba5870353805a9f068101a40e0f32ed605c6",
] as const;
const gone = (platform: string, old_value: string): Change => ({
  field: `platforms.${platform}`,
  change_type: "removal",
  old_value,
});
const added = (platform: string, new_value: string): Change => ({
  field: `platforms.${platform}`,
  change_type: "addition",
  new_value,
});

/** What is emitted, as `type old > new`, when events with these changes come so many minutes apart. */
async function watch(events: Change[][], minutes = 10, options = {}): Promise<string[][]> {
  const kv = new Map<string, Json>();
  const told: string[][] = [];
  for (const [index, changes] of events.entries()) {
    const receivedAt = new Date(Date.UTC(2026, 3, 13) + index * minutes * 60_000).toISOString();
    const ending = await attempt(contractWatch, updated(changes, { receivedAt }), { kv, options });
    assertEquals(ending.error, "");
    told.push(ending.emitted.map(({ type, data }) => {
      const platforms = [data.from_platform, data.to_platform, data.platform].filter(Boolean).join(">");
      return `${type.slice("relay.contract.".length)} ${platforms}`;
    }));
  }
  return told;
}

Deno.test("contract_watch is right about every address of the labelled set", () => {
  for (const { platform, address, verdict, source } of addresses) {
    const check = checkAddress(platform, address);
    assertEquals(check.verdict, verdict, `${platform} ${address} (${source}): ${check.reason}`);
    assertEquals(check.reason !== "", verdict === "invalid");
  }
  assert(addresses.length >= 60 && new Set(addresses.map(({ platform }) => platform)).size >= 10);
});

Deno.test("contract_watch tells what was added, removed and changed", async () => {
  assertEquals(await watch([[added("ethereum", A)]]), [["added ethereum"]]);
  assertEquals(await watch([[gone("ethereum", A)]]), [["removed ethereum"]]);
  const change: Change = { field: "platforms.ethereum", change_type: "update", old_value: A, new_value: B };
  assertEquals(await watch([[change]]), [["migrated ethereum>ethereum"]]);
  assertEquals(await watch([everyChange.filter(({ field }) => !field.startsWith("platforms."))]), [[]]);
});

Deno.test("contract_watch says both sides of a migration, and whether the new address is right", async () => {
  const { emitted } = await attempt(contractWatch, updated([gone("xdai", C), added("ethereum", B)]));
  assertEquals(emitted, [{
    type: "relay.contract.migrated",
    data: {
      summary: "Contract migrated from Gnosis Chain to Ethereum",
      severity: "critical",
      from_platform: "xdai",
      to_platform: "ethereum",
      old_address: C,
      new_address: B,
      check: "valid",
    },
  }]);
});

Deno.test("contract_watch pairs a removal and an addition inside one event", async () => {
  assertEquals(await watch([[added("ethereum", B), gone("xdai", A)]]), [["migrated xdai>ethereum"]]);
  // By address where there are several, and not at all where it is not plain.
  assertEquals(await watch([[gone("xdai", A), gone("fantom", C), added("sonic", C), added("base", B)]]), [
    ["migrated fantom>sonic", "migrated xdai>base"],
  ]);
  assertEquals(await watch([[gone("xdai", A), gone("fantom", C), added("sonic", B), added("base", B)]]), [
    ["removed xdai", "removed fantom", "added sonic", "added base"],
  ]);
});

Deno.test("contract_watch pairs across events within the window, in either order", async () => {
  const [removal, addition] = [[gone("xdai", A)], [added("ethereum", B)]];
  assertEquals(await watch([removal, addition]), [["removed xdai"], ["migrated xdai>ethereum"]]);
  assertEquals(await watch([addition, removal]), [["added ethereum"], ["migrated xdai>ethereum"]]);
  assertEquals(await watch([removal, addition], 61), [["removed xdai"], ["added ethereum"]]);
  assertEquals(await watch([removal, addition], 61, { windowMinutes: 90 }), [["removed xdai"], [
    "migrated xdai>ethereum",
  ]]);
  assertEquals(await watch([removal, addition], 1, { windowMinutes: 0 }), [["removed xdai"], [
    "added ethereum",
  ]]);
  // What has been paired is not paired again.
  assertEquals(await watch([removal, addition, [added("base", C)]]), [
    ["removed xdai"],
    ["migrated xdai>ethereum"],
    ["added base"],
  ]);
});

Deno.test("contract_watch pairs what was told twice, as by a replay", async () => {
  const [removal, addition] = [[gone("xdai", A)], [added("ethereum", B)]];
  assertEquals((await watch([removal, removal, addition])).at(-1), ["migrated xdai>ethereum"]);
  assertEquals((await watch([addition, addition, removal])).at(-1), ["migrated xdai>ethereum"]);
  assertEquals((await watch([removal, [gone("fantom", C)], addition])).at(-1), ["added ethereum"]);
  assertEquals((await watch([addition, [...removal, ...addition], [gone("fantom", C)]])).at(-1), [
    "removed fantom",
  ]);
});

Deno.test("contract_watch does not call it a migration when a contract comes back, or is withdrawn", async () => {
  assertEquals(await watch([[gone("base", A)], [added("base", A)]]), [["removed base"], ["added base"]]);
  assertEquals(await watch([[added("base", A)], [gone("base", A)]]), [["added base"], ["removed base"]]);
  assertEquals(await watch([[gone("base", A)], [added("base", B)]]), [["removed base"], [
    "migrated base>base",
  ]]);
});

Deno.test("contract_watch takes a change by its values: to or from nothing nothing has moved", async () => {
  const change = (old_value: Json, new_value: Json, change_type = "update") =>
    ({ field: "platforms.base", change_type, old_value, new_value }) as Change;
  for (const nothing of ["", null]) {
    assertEquals(await watch([[change(A, nothing)]]), [["removed base"]]);
    assertEquals(await watch([[change(nothing, A)]]), [["added base"]]);
    assertEquals(await watch([[change(nothing, nothing)]]), [[]]);
    assertEquals(await watch([[change(A, nothing)], [added("ethereum", B)]]), [
      ["removed base"],
      ["migrated base>ethereum"],
    ]);
  }
  assertEquals(await watch([[change(A, B, "rename")]]), [["migrated base>base"]]);
});

Deno.test("contract_watch does not take the capitals of an address for another contract", async () => {
  const small = B.toLowerCase();
  const change = (new_value: string): Change => ({
    field: "platforms.base",
    change_type: "update",
    old_value: small,
    new_value,
  });
  assertEquals(await watch([[change(B)]]), [[]]);
  assertEquals(await watch([[change(B.replace("A0b", "a0B"))]]), [["invalid base"]]);
  assertEquals(await watch([[gone("base", small), added("base", B)]]), [[]]);
  assertEquals(await watch([[gone("xdai", A), gone("fantom", small), added("sonic", B), added("base", C)]]), [
    ["migrated fantom>sonic", "migrated xdai>base"],
  ]);
});

Deno.test("contract_watch pairs nothing of events that name no coin", async () => {
  const kv = new Map<string, Json>();
  const nobody = { coin: { id: "", symbol: "", name: "" } };
  await attempt(contractWatch, updated([gone("xdai", A)], nobody), { kv });
  const { emitted } = await attempt(contractWatch, updated([added("ethereum", B)], nobody), { kv });
  assertEquals(emitted.map(({ type }) => type), ["relay.contract.added"]);
});

Deno.test("contract_watch pairs coins apart, and forgets what failed", async () => {
  const kv = new Map<string, Json>();
  const other = { coin: { id: "other", symbol: "o", name: "Other" } };
  await attempt(contractWatch, updated([gone("xdai", A)]), { kv });
  const { emitted } = await attempt(contractWatch, updated([added("ethereum", B)], other), { kv });
  assertEquals(emitted.map(({ type }) => type), ["relay.contract.added"]);
});

Deno.test("contract_watch warns of an address that cannot be right", async () => {
  const { emitted } = await attempt(contractWatch, updated([added("tron", B), added("never-heard-of", "x")]));
  assertEquals(emitted.map(({ type, data }) => [type, data.check]), [
    ["relay.contract.added", "invalid"],
    ["relay.contract.invalid", undefined],
    ["relay.contract.added", "not checked"],
  ]);
});

Deno.test("contract_watch takes hostile texts, and values that are no text", async (step) => {
  for (const [says, text] of Object.entries(HOSTILE)) {
    await step.step(says, async () => {
      const ending = await attempt(contractWatch, hostileEvent(text), { kv: new Map() });
      assertEquals(ending.error, "");
      assert(ending.emitted.length > 0);
      for (const { data } of ending.emitted) assert(String(data.summary).length < 400);
    });
  }
  const odd: Json[] = [true, 7, [], ["0x"], { a: 1 }];
  for (const value of odd) {
    const change: Change = {
      field: "platforms.ethereum",
      change_type: "update",
      old_value: A,
      new_value: value,
    };
    assertEquals((await attempt(contractWatch, updated([change]))).emitted[0]?.data.check, "invalid");
  }
  const many = Array.from({ length: 500 }, (_, i) => added(`chain-${i}`, A));
  assertEquals((await attempt(contractWatch, updated(many))).emitted.length, 50);
});

/** The plugin as a process that has just begun has it. */
const begun = async () =>
  (await import(`../../plugins/contract_watch.ts?${crypto.randomUUID()}`)).default as typeof contractWatch;
const coin = (id: string) => ({ coin: { id, symbol: "c", name: "Coin" } });
const MINUTE = 60_000;

/** A route whose plugin's process begins anew whenever `begin` is called, at a time of its own. */
function route() {
  let now = Date.UTC(2026, 3, 13);
  let plugin = contractWatch;
  let kv: Record<string, Json> = {};
  return {
    begin: async () => void (plugin = await begun()),
    pass: (minutes: number) => void (now += minutes * MINUTE),
    kv: () => kv,
    setKv: (next: Record<string, Json>) => void (kv = next),
    bytes: () =>
      bytesAfter(Object.entries(kv).map(([key, value]) => ({ key, value: JSON.stringify(value) })), []),
    async take(id: string, ...changes: Change[]) {
      const event = updated(changes, { ...coin(id), receivedAt: new Date(now).toISOString() });
      const ran = await runPlugin(plugin, event, { kv, now });
      assertEquals([ran.outcome, ran.error], ["done", null]);
      kv = ran.kv;
      return ran.emitted.map(({ type }) => type.slice("relay.contract.".length));
    },
  };
}

Deno.test("contract_watch forgets what is over, though its process ends in every pause", async () => {
  const watched = route();
  let most = 0;
  for (let life = 0; life < 60; life++) {
    await watched.begin();
    for (let i = 0; i < 5; i++) {
      await watched.take(`coin-${life}-${i}`, added("ethereum", A));
      watched.pass(1);
    }
    watched.pass(180);
    most = Math.max(most, watched.bytes());
  }
  await watched.begin();
  // A list is looked at when it is written to.
  for (let i = 0; i < 400; i++) await watched.take(`last-${i}`, added("ethereum", A));
  const left = Object.keys(watched.kv()).filter((key) => key.startsWith("recent/coin-"));
  assertEquals(left, []);
  assert(most < 32_000, `${most} bytes`);
});

Deno.test("contract_watch pairs what another process of it has seen", async () => {
  const watched = route();
  await watched.begin();
  assertEquals(await watched.take("a", gone("xdai", A)), ["removed"]);
  watched.pass(30);
  await watched.begin();
  assertEquals(await watched.take("a", added("ethereum", B)), ["migrated"]);
});

Deno.test("contract_watch goes on with what was remembered before there were lists of it", async () => {
  const watched = route();
  await watched.begin();
  await watched.take("a", gone("xdai", A));
  await watched.take("b", gone("xdai", A));
  watched.setKv(
    Object.fromEntries(Object.entries(watched.kv()).filter(([key]) => key.startsWith("recent/"))),
  );
  await watched.begin();
  assertEquals(await watched.take("a", added("ethereum", B)), ["migrated"]);
  watched.pass(61);
  await watched.take("b", gone("xdai", A));
  watched.pass(61);
  await watched.begin();
  for (let i = 0; i < 400; i++) await watched.take(`other-${i}`, gone("xdai", A));
  assertEquals(Object.keys(watched.kv()).filter((key) => /^recent\/[ab]$/.test(key)), []);
});

Deno.test("contract_watch remembers the newest of more coins than it may remember, whatever their texts", async () => {
  for (const address of [A, "\u0001".repeat(600)]) {
    const watched = route();
    await watched.begin();
    for (let i = 0; i < 4500; i++) await watched.take(`coin-${i}`, gone("xdai", address));
    assert(watched.bytes() < KV_ROUTE_BYTES * 0.8, `${watched.bytes()} bytes`);
    assertEquals(await watched.take("coin-4499", added("ethereum", B)), ["migrated"]);
    for (let i = 0; i < 40; i++) await watched.take("one", gone(`chain-${i}`, address));
    assert(watched.bytes() < KV_ROUTE_BYTES * 0.8);
  }
});

Deno.test("contract_watch pairs the coins of runs that are under way together, and forgets them all", async () => {
  const plugin = await begun();
  const kv = new Map<string, Json>();
  const coins = (name: string) => Array.from({ length: 200 }, (_, i) => coin(`${name}-${i}`));
  const run = (one: ReturnType<typeof coin>, change: Change, options = {}) =>
    attempt(plugin, updated([change], one), { kv, options });
  const together = async (name: string, change: Change) => {
    const ended = await Promise.all(coins(name).map((one) => run(one, change)));
    return new Set(ended.flatMap(({ emitted }) => emitted.map(({ type }) => type)));
  };
  assertEquals(await together("moving", gone("xdai", A)), new Set(["relay.contract.removed"]));
  assertEquals(await together("moving", added("ethereum", B)), new Set(["relay.contract.migrated"]));
  await together("gone", gone("xdai", A));
  for (const other of coins("other")) await run(other, gone("xdai", A), { windowMinutes: 0 });
  assertEquals([...kv.keys()].filter((key) => /^recent\/(moving|gone)-/.test(key)), []);
});
