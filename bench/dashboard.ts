/**
 * Fills a store, then measures each page and listing of the dashboard: how long it takes, and for how long it keeps
 * everything else waiting, since the store and the pages share one thread.
 *
 *     deno run --import-map=.imports.json -A bench/dashboard.ts [EVENTS]
 *
 * A tenth of the events become dead letters. Default: 1,000,000 events, which takes some minutes to fill.
 *
 * @module
 */
import { openStore } from "../lib/store/open.ts";
import { coinBody, openRoom, update } from "../tests/admin/room.ts";

const ROUTES = ["all", "links", "security", "prices", "archive"];
const PATHS = [
  "/",
  "/?cursor=MIDDLE",
  "/?coin=coin-77",
  "/?field=links.*",
  "/?q=found-nowhere",
  "/?route=links",
  "/?since=2100-01-01",
  "/events/event-MIDDLE",
  "/coins/coin-77",
  "/deliveries",
  "/deliveries?state=dead",
  "/deliveries?state=dead&route=links",
  "/deliveries?state=dead&since=2020-01-01",
  "/deliveries?state=pending",
  "/sources",
  "/plugins",
  "/metrics",
  "/api/events?limit=500",
  "/api/dead-letters?limit=500",
];
const TIMES = 15;

const events = Number(Deno.args[0] ?? 1_000_000);
const folder = await Deno.makeTempDir({ prefix: "coinrelay-bench-" });
await fill();
await using room = await openRoom({ folder, routes: ROUTES.map((name) => ({ name, plugin: "log" })) });

console.log(
  `${events.toLocaleString("en")} events, ${
    (events / 10).toLocaleString("en")
  } dead letters; ms of ${TIMES} times`,
);
console.log("page".padEnd(44), "median".padStart(8), "worst".padStart(8), "longest block".padStart(15));
for (const path of PATHS) {
  const asked = path.replace("MIDDLE", String(events / 2));
  await measure(asked); // the first time compiles
  const runs = [];
  for (let i = 0; i < TIMES; i++) runs.push(await measure(asked));
  const took = runs.map(({ took }) => took).sort((a, b) => a - b);
  const blocked = Math.max(...runs.map(({ blocked }) => blocked));
  const columns = [took[TIMES >> 1]!, took.at(-1)!].map((ms) => ms.toFixed(1).padStart(8));
  console.log(path.padEnd(44), ...columns, blocked.toFixed(1).padStart(15));
}

async function measure(path: string): Promise<{ took: number; blocked: number }> {
  let last = performance.now();
  let blocked = 0;
  const look = () => {
    const now = performance.now();
    blocked = Math.max(blocked, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  const began = performance.now();
  const response = await room.ask(path, { headers: { accept: "text/html" } });
  await response.text();
  const took = performance.now() - began;
  look();
  clearInterval(timer);
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  return { took, blocked };
}

async function fill(): Promise<void> {
  const store = await openStore("sqlite:relay.db", folder);
  const now = Date.now();
  const encoder = new TextEncoder();
  const one = (n: number) => {
    const coin = `coin-${n % 5000}`;
    const change = n % 3 === 0
      ? update("links.homepage", [], [`https://${n}.example`])
      : update("name", "a", `b${n}`);
    return {
      source: "cryptosync",
      id: `event-${n}`,
      type: "cg.coin.info.updated",
      coin,
      receivedAt: now - (events - n) * 100,
      timestamp: "1",
      signature: "0".repeat(64),
      body: encoder.encode(coinBody(coin, [change])),
      test: false,
      depth: 0,
      deliveries: [{ route: ROUTES[n % ROUTES.length]!, matched: [0], dueAt: now }],
    };
  };
  for (let n = 0; n < events; n += 500) await store.append(Array.from({ length: 500 }, (_, i) => one(n + i)));
  const lease = { relay: "bench", now: now + 1, leaseUntil: now + 3_600_000 };
  const routes = ROUTES.map((route) => ({ route, limit: 400, order: "any" as const, rate: null }));
  for (;;) {
    const { claimed } = await store.claim({ ...lease, routes });
    if (claimed.length === 0) break;
    const settlements = claimed.map(({ delivery, event }) => {
      const dead = event.seq <= events / 10;
      return {
        delivery: delivery.id,
        attempt: {
          number: 1,
          startedAt: now,
          durationMs: 3,
          outcome: dead ? "permanent" as const : "done" as const,
          error: dead ? "example.com answered 404" : null,
          sent: [{ what: "POST https://example.com/•••", status: dead ? 404 : 200, body: "{}" }],
        },
        next: { state: dead ? "dead" as const : "done" as const },
        route: delivery.route,
        kv: [],
        emitted: [],
      };
    });
    await store.settle("bench", settlements, now);
  }
  await store.close();
}
