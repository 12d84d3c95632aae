/** How the ack grows with routes, connections and bodies, each beside the limit under the same load. @module */
import { WATCHLIST } from "./ack.ts";
import { memoryOf } from "./memory.ts";
import { startLimit, startRelay } from "./servers.ts";
import { BODY, drive, type Load, prepare } from "./wrk.ts";

/** What was measured at one size. */
export interface GrowthResult {
  /** Such as `100 routes`. */
  what: string;
  load: Load;
  /** Requests a second of the limit under the same load. */
  limit: number;
  rssMiB: number;
}

interface Size {
  what: string;
  routes: number;
  connections: number;
  body: string;
}

const USUAL: Omit<Size, "what"> = { routes: WATCHLIST.length, connections: 32, body: BODY };
const ROUTES = [1, 10, 100, 1000];
const CONNECTIONS = [1, 8, 32, 128, 512];
const BODY_KIB = [1, 16];
/** More than either answers in a second, and of long bodies fewer, since each must be signed beforehand. */
const mostASecond = (body: string) => Math.ceil(60_000 / Math.max(1, body.length / 512));

const SIZES: readonly Size[] = [
  ...ROUTES.map((routes) => ({ ...USUAL, what: `${routes} routes`, routes })),
  ...CONNECTIONS.map((connections) => ({ ...USUAL, what: `${connections} connections`, connections })),
  ...BODY_KIB.map((kib) => ({ ...USUAL, what: `bodies of ${kib} KiB`, body: bodyOf(kib * 1024) })),
];

/** Measures each size for so many seconds. `report` gets each result as it comes. */
export async function measureGrowth(seconds: number, report: (result: GrowthResult) => void): Promise<void> {
  const file = await Deno.makeTempFile({ prefix: "coinrelay-bench-" });
  for (const { what, routes, connections, body } of SIZES) {
    const drives = async (url: string) => {
      await prepare(file, mostASecond(body), body);
      await drive(url, file, { connections, body, seconds: 1 });
      await prepare(file, seconds * mostASecond(body), body);
      return await drive(url, file, { connections, body, seconds });
    };
    await using bare = await startLimit();
    const { requests, seconds: took } = await drives(bare.url);
    await using relay = await startRelay({ routes: watchlist(routes) });
    const load = await drives(relay.url);
    report({ what, load, limit: requests / took, rssMiB: memoryOf(relay.pid).rss });
  }
  await Deno.remove(file);
}

/** Routes none of which takes the load; no two alike. */
function watchlist(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({
    ...WATCHLIST[index % WATCHLIST.length]!,
    name: `route-${index}`,
    coins: [`coin-${index}`, `other-${index}*`],
  }));
}

/** A change whose value makes the body so many bytes long. */
function bodyOf(bytes: number): string {
  const payload = JSON.parse(BODY);
  payload.data.changes[0].new_value = "";
  const rest = JSON.stringify(payload).length;
  payload.data.changes[0].new_value = "x".repeat(bytes - rest);
  return JSON.stringify(payload);
}
