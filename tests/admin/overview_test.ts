import { assertEquals } from "@std/assert";
import type { PluginItem, RouteItem } from "../../lib/admin/api/shapes.ts";
import { type OverviewFacts, overviewOf } from "../../lib/admin/read/overview.ts";
import type { SourceNow } from "../../lib/admin/read/sources.ts";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { anEvent } from "../store/fixtures.ts";
import { coinBody, openRoom } from "./room.ts";

const NOW = Date.UTC(2026, 0, 1);
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();

function source(parts: Partial<SourceNow> = {}): SourceNow {
  return {
    name: "cryptosync",
    path: "/webhook",
    since: ago(90),
    lastEventAt: ago(1),
    accepted: 1,
    duplicate: 0,
    rejected: {} as SourceNow["rejected"],
    notUnderstood: 0,
    credits: 10,
    creditsPerEvent: 10,
    silentMinutes: null,
    silent: false,
    failing: null,
    ...parts,
  };
}

function failing(parts: Partial<NonNullable<SourceNow["failing"]>> = {}): SourceNow["failing"] {
  return {
    since: ago(5),
    refusals: 3,
    tries: 1,
    triesAllowed: 14,
    eventId: null,
    reason: "bad_signature",
    authentic: false,
    disabledAt: ago(-60),
    gaveUp: false,
    goesOn: true,
    ...parts,
  };
}

function plugin(parts: Partial<PluginItem> = {}): PluginItem {
  return {
    name: "slack",
    file: "slack.ts",
    description: null,
    version: "1",
    usable: true,
    error: null,
    state: "idle",
    waitsUntil: null,
    running: 0,
    deaths: 0,
    memoryBytes: 0,
    lastError: null,
    allowed: [],
    refused: [],
    routes: ["all"],
    ...parts,
  };
}

function route(parts: Partial<RouteItem> = {}): RouteItem {
  return {
    name: "all",
    plugin: "slack",
    on: true,
    configured: true,
    mistakes: [],
    filters: {},
    scheduled: false,
    order: "any",
    concurrency: 1,
    timeoutMs: 1000,
    counts: { pending: 0, running: 0, done: 0, dead: 0 },
    running: 0,
    oldestWaitingAt: null,
    ...parts,
  };
}

function look(facts: Partial<OverviewFacts>) {
  return overviewOf({
    now: NOW,
    sources: [source()],
    routes: [route()],
    left: [],
    plugins: [plugin()],
    refusedConfig: null,
    store: null,
    perMinute: 0,
    ...facts,
  });
}

const broken = { stage: "import" as const, message: "Expected ';'\n  at line 4", file: "slack.ts", line: 4 };
const left = (name: string, waiting: number, dead = 0) => ({
  route: name,
  waiting,
  running: 0,
  done: 9,
  dead,
});

/** What is so, and each problem that is told of it. */
const PROBLEMS: Record<string, [facts: Partial<OverviewFacts>, told: string[]]> = {
  "all is well": [{}, []],
  "what is bad and what is worth a look": [
    { sources: [source({ silent: true })], plugins: [plugin({ usable: false, lastError: "no" })] },
    [
      "bad: plugin slack cannot run: no (/plugins#plugin-slack)",
      "warning: cryptosync has gone silent (/sources#cryptosync)",
    ],
  ],
  "the store takes nothing": [
    { store: "Cannot use relay.db: disk full\n  at write", sources: [source({ silent: true })] },
    [
      "bad: the store takes nothing, and senders are answered 503: Cannot use relay.db: disk full (/sources)",
      "warning: cryptosync has gone silent (/sources#cryptosync)",
    ],
  ],
  "strangers knock": [{ sources: [source({ failing: failing({ refusals: 500 }) })] }, []],
  "an event that may be anybody's was refused once": [
    { sources: [source({ failing: failing({ eventId: "evt" }) })] },
    ["warning: cryptosync keeps refusing deliveries (wrong signature): 1 of the provider's 14 tries used (/sources#cryptosync)"],
  ],
  "the provider's own was refused": [
    { sources: [source({ failing: failing({ authentic: true, tries: 4 }) })] },
    ["bad: cryptosync keeps refusing deliveries (wrong signature): 4 of the provider's 14 tries used (/sources#cryptosync)"],
  ],
  "somebody else tries more often than the provider would": [
    { sources: [source({ failing: failing({ authentic: true, tries: 20 }) })] },
    ["bad: cryptosync keeps refusing deliveries (wrong signature): 14 of the provider's 14 tries used (/sources#cryptosync)"],
  ],
  "the store takes all again, and the provider has yet to send again what was refused": [
    {
      sources: [
        source({ failing: failing({ authentic: true, reason: "store_unavailable", goesOn: false }) }),
      ],
    },
    [
      "warning: cryptosync takes deliveries, but not yet all that it refused (could not be stored): 1 of the " +
      "provider's 14 tries used (/sources#cryptosync)",
    ],
  ],
  "some are taken, and others are refused each time": [
    {
      sources: [source({
        failing: failing({ authentic: true, tries: 3, reason: "stale_timestamp", goesOn: false }),
      })],
    },
    [
      "bad: cryptosync takes deliveries, but not yet all that it refused (too old, rightly signed): 3 of the " +
      "provider's 14 tries used (/sources#cryptosync)",
    ],
  ],
  "the provider has given up": [
    { sources: [source({ failing: failing({ eventId: "evt", tries: 14, gaveUp: true }) })] },
    [
      "bad: cryptosync: the provider has most likely disabled the webhook, after 14 tries that were refused " +
      "(/sources#cryptosync)",
    ],
  ],
  "a source is silent": [
    { sources: [source({ silent: true })] },
    ["warning: cryptosync has gone silent (/sources#cryptosync)"],
  ],
  "a source has never spoken": [
    { sources: [source({ silent: true, lastEventAt: null })] },
    ["warning: cryptosync has not received anything yet (/sources#cryptosync)"],
  ],
  "a plugin does not load": [
    { plugins: [plugin({ usable: false, error: broken })] },
    ["bad: plugin slack cannot run: Expected ';' (/plugins#plugin-slack)"],
  ],
  "a plugin is broken": [
    { plugins: [plugin({ state: "broken", lastError: "it says\nmuch" })] },
    ["bad: plugin slack cannot run: it says (/plugins#plugin-slack)"],
  ],
  "a plugin keeps dying, and says why at length": [
    { plugins: [plugin({ state: "waiting", lastError: "x".repeat(121) })] },
    [`bad: plugin slack keeps failing: ${"x".repeat(119)}… (/plugins#plugin-slack)`],
  ],
  "a plugin's newest version does not load": [
    { plugins: [plugin({ error: broken })] },
    [
      "warning: plugin slack: its newest version cannot be used, the one before goes on (/plugins#plugin-slack)",
    ],
  ],
  "a plugin that no route asks for does not load": [
    { plugins: [plugin({ routes: [], usable: false, error: broken, state: "broken" })] },
    [],
  ],
  "the config that was saved last is refused": [
    { refusedConfig: "routes[0]: is wrong\nand more" },
    [
      "bad: the config that was saved last is not in force, and a restart would fail: routes[0]: is wrong (/config)",
    ],
  ],
  "one delivery has died": [
    { routes: [route({ counts: { dead: 1 } as RouteItem["counts"] })] },
    ["warning: 1 dead letter (/deliveries?state=dead)"],
  ],
  "many have died, some of a route that is gone": [
    { routes: [route({ counts: { dead: 1200 } as RouteItem["counts"] })], left: [left("gone", 0, 34)] },
    ["warning: 1,234 dead letters (/deliveries?state=dead)"],
  ],
  "one delivery waits for a route that is gone": [
    { left: [left("gone", 1)] },
    [
      "warning: 1 delivery waits for what is not in force: gone; bring the plugin back, give config.json a route " +
      "of that name, or discard them (/deliveries?state=pending&route=gone)",
    ],
  ],
  "deliveries wait for five routes that are gone": [
    { left: ["a", "b", "c", "d", "e"].map((name) => left(name, 300)) },
    [
      "warning: 1,500 deliveries wait for what is not in force: a, b, c and 2 more; bring the plugin back, give " +
      "config.json a route of that name, or discard them (/deliveries?state=pending)",
    ],
  ],
  "a route has a mistake, and is turned off": [
    { routes: [route({ on: false, mistakes: [{ path: "options", message: "url is missing\nand more" }] })] },
    ["bad: route all cannot run: options: url is missing (/plugins#route-all)"],
  ],
  "a route has two mistakes: each is told with its place": [
    {
      routes: [route({
        mistakes: [
          { path: "options.url", message: "is no URL" },
          { path: "options", message: 'Unrecognized key: "ulr"' },
        ],
      })],
    },
    [
      'bad: route all cannot run: options.url: is no URL; options: Unrecognized key: "ulr" (/plugins#route-all)',
    ],
  ],
  "a route's plugin is missing": [
    { routes: [route({ mistakes: [{ path: "plugin", message: 'there is no plugin "slak"' }] })] },
    ['bad: route all cannot run: there is no plugin "slak" (/plugins#route-all)'],
  ],
  "a route is turned off, and what it has waits": [
    { routes: [route({ on: false, oldestWaitingAt: ago(60) })] },
    ["warning: route all is turned off (/plugins#route-all)"],
  ],
  "a delivery has waited for ten minutes": [{ routes: [route({ oldestWaitingAt: ago(10) })] }, []],
  "a delivery has waited for longer": [
    { routes: [route({ oldestWaitingAt: ago(12.9) })] },
    [
      "warning: route all is late: its oldest delivery has waited 12 min (/deliveries?state=pending&route=all)",
    ],
  ],
  "a delivery waits for its digest": [
    { routes: [route({ scheduled: true, oldestWaitingAt: ago(600) })] },
    [],
  ],
};

for (const [name, [facts, told]] of Object.entries(PROBLEMS)) {
  Deno.test(`the overview where ${name}`, () => {
    const { problems, health } = look(facts);
    assertEquals(problems.map(({ level, text, page }) => `${level}: ${text} (${page})`), told);
    const worst = told.some((one) => one.startsWith("bad")) ? "bad" : told.length > 0 ? "warning" : "good";
    assertEquals(health, worst);
  });
}

Deno.test("the overview adds up all routes and sources", () => {
  const counts = (pending: number, dead: number) => ({ pending, running: 9, done: 9, dead });
  const overview = look({
    perMinute: 7,
    sources: [
      source({ lastEventAt: ago(3) }),
      source({ lastEventAt: null }),
      source({ lastEventAt: ago(2) }),
    ],
    routes: [
      route({ counts: counts(1, 2), running: 3, oldestWaitingAt: ago(4) }),
      route({ counts: counts(10, 20), running: 30, oldestWaitingAt: ago(5) }),
      route(),
    ],
    left: [left("gone", 100, 200)],
  });
  const { problems: _, health: __, ...rest } = overview;
  assertEquals(rest, {
    at: ago(0),
    lastEventAt: ago(2),
    perMinute: 7,
    waiting: 111,
    running: 33,
    dead: 222,
    oldestWaitingAt: ago(5),
  });
});

Deno.test("the overview counts what was new in the last minute, from all sources", async () => {
  let now = NOW;
  await using room = await openRoom({
    now: () => now,
    sources: [{}, { name: "second", path: "/second" }],
  });
  const deliver = (id: string, path?: string) =>
    room.deliver({ id, timestamp: String(now / 1000), body: coinBody("a", []) }, path);
  const perMinute = async () => (await room.json("/api/overview")).perMinute;
  await deliver("long ago");
  now += 60_000;
  await deliver("a");
  await deliver("a");
  await deliver("b", "/second");
  assertEquals(await perMinute(), 2);
  now += 40_000;
  await deliver("c");
  assertEquals(await perMinute(), 3);
  const [, rate] = /data-rate="([^"]+)"/.exec(await (await room.ask("/")).text())!;
  const steps: Record<string, number>[] = JSON.parse(rate!.replaceAll("&quot;", '"'));
  const told = steps.map(({ accepted, duplicate }) => [accepted, duplicate]).filter(([a, d]) => a! + d! > 0);
  assertEquals(told, [[1, 0], [2, 1], [1, 0]]);
});

Deno.test("the overview is put together once a second, and again at once when the clock was set back or it failed", async () => {
  let now = NOW;
  await using room = await openRoom({ now: () => now });
  const { counts } = room.store;
  let asked = 0;
  let fails = false;
  room.parts.store.counts = () => {
    asked++;
    return fails ? Promise.reject(new StoreUnavailable("the disk is full")) : counts.call(room.store);
  };
  const look = async () => [(await room.ask("/api/overview")).status, asked];
  assertEquals(await look(), [200, 1]);
  now += 999;
  assertEquals(await look(), [200, 1]);
  now += 1;
  assertEquals(await look(), [200, 2]);
  now -= 3_600_000;
  assertEquals(await look(), [200, 3]);
  now += 1000;
  fails = true;
  assertEquals(await look(), [503, 4]);
  fails = false;
  assertEquals(await look(), [200, 5]);
});

Deno.test("a source that has not been heard yet is silent when it has been waited for long enough", async () => {
  let now = NOW;
  await using room = await openRoom({ now: () => now, sources: [{ silentMinutes: 60 }] });
  const { events } = room.store;
  const silent = async () => {
    const { items } = await room.json("/api/sources");
    return items?.[0].silent;
  };
  room.parts.store.events = () => Promise.reject(new StoreUnavailable("the disk is full"));
  assertEquals(await silent(), undefined);
  room.parts.store.events = events.bind(room.store);
  now += 60 * 60_000;
  assertEquals(await silent(), false);
  now += 1;
  assertEquals(await silent(), true);
});

Deno.test("a source's last event outlasts a restart, a source without one has none", async () => {
  await using room = await openRoom({ sources: [{}, { name: "second", path: "/second" }] });
  await room.store.append([anEvent("a", { receivedAt: NOW - 1000 }), anEvent("b", { receivedAt: NOW })]);
  const { items } = await room.json("/api/sources");
  assertEquals(items.map((one: { lastEventAt: string }) => one.lastEventAt), [ago(0), null]);
  assertEquals((await room.json("/api/overview")).lastEventAt, ago(0));
});
