/** The ack: how fast each receiver answers, beside the limit in the same run. @module */
import { childrenOf, memoryOf } from "./memory.ts";
import { openLoop } from "./open_loop.ts";
import { type Server, startGuide, startLimit, startRelay, startSynced } from "./servers.ts";
import { drive, type Load, prepare } from "./wrk.ts";

/** What one receiver measured. */
export interface AckResult {
  receiver: string;
  connections: number;
  load: Load;
  /** Requests a second, as a share of the limit's in the same run. */
  ratio: number;
  /** At an open-loop 1,000 a second; null where it was not measured. */
  open: { p50: number; p99: number } | null;
  rssMiB: number;
}

/** How the ack is measured. */
export interface AckSettings {
  seconds: number;
  connections: number[];
  /** Also measure the guide's receiver, which comes from Debian. */
  guide: boolean;
  openLoop: boolean;
}

/** Three routes, none of which takes the load: a firehose with a watchlist. */
export const WATCHLIST = [
  { name: "contracts", plugin: "log", fields: ["platforms.*"], coins: ["tether", "usd-coin"] },
  { name: "security", plugin: "log", fields: ["public_notices", "additional_notices.*"] },
  { name: "names", plugin: "log", fields: ["name", "symbol"], where: { "coin.symbol": ["usdt", "usdc"] } },
];
/** One of the three takes every event; its plugin is not there, so each becomes a waiting delivery. */
const WAITING = [...WATCHLIST.slice(1), { name: "all", plugin: "not-there", fields: ["*"] }];

/** Bound on the requests prepared for one run: beyond it they would be sent twice. */
const MOST_A_SECOND = 90_000;
const OPEN_RATE = 1000;

const RECEIVERS: Record<string, () => Promise<Server>> = {
  "the limit (keeps nothing)": startLimit,
  "the limit, written and synced (no store)": startSynced,
  "coinrelay, no route takes it": () => startRelay({ routes: WATCHLIST }),
  "coinrelay, each becomes a delivery": () => startRelay({ routes: WAITING }),
  "Flask, gunicorn, 2 workers (keeps nothing)": startGuide,
};

/** Measures each receiver in turn. `report` gets each result as it comes. */
export async function measureAck(
  settings: AckSettings,
  report: (result: AckResult) => void,
): Promise<AckResult[]> {
  const file = await Deno.makeTempFile({ prefix: "coinrelay-bench-" });
  const results: AckResult[] = [];
  for (const connections of settings.connections) {
    let limit = NaN;
    for (const [receiver, start] of Object.entries(RECEIVERS)) {
      if (start === startGuide && !settings.guide) continue;
      await prepare(file, settings.seconds * MOST_A_SECOND);
      await using server = await start();
      await drive(server.url, file, { connections, seconds: 1 }); // warms it up; these ids are then duplicates
      await prepare(file, settings.seconds * MOST_A_SECOND);
      const load = await drive(server.url, file, { connections, seconds: settings.seconds });
      const rate = load.requests / load.seconds;
      if (Number.isNaN(limit)) limit = rate;
      const open = settings.openLoop ? await openLoop(server.url, OPEN_RATE, settings.seconds) : null;
      const pids = start === startGuide ? [server.pid, ...childrenOf(server.pid)] : [server.pid];
      const rssMiB = pids.reduce((sum, pid) => sum + memoryOf(pid).rss, 0);
      const result = { receiver, connections, load, ratio: rate / limit, open, rssMiB };
      report(result);
      results.push(result);
    }
  }
  await Deno.remove(file);
  return results;
}
