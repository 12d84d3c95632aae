/** How the ack grows with more of one thing, each size beside the limit under the same load. @module */
import { cpuMs } from "./cpu.ts";
import { type Curve, type Size, sizesOf } from "./growth_sizes.ts";
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
  /** Processor time that the relay took for a request, in microseconds. */
  cpuMicros: number;
  rssMiB: number;
}

/** How it is measured. */
export interface GrowthSettings {
  curves: readonly Curve[];
  /** Each size for so long. */
  seconds: number;
  /** Stored events at most. */
  events: number;
  /** Keeps the filled stores, and takes those that are there. Null: a temporary folder. */
  folder: string | null;
}

/** More bytes than either takes in a second; */
const MOST_BYTES = 250e6;
/** and more requests. Each must be signed beforehand. */
const MOST_REQUESTS = 60_000;

/** Measures each size of each curve. `report` gets each result as it comes. */
export async function measureGrowth(
  { curves, seconds, events, folder }: GrowthSettings,
  report: (result: GrowthResult) => void,
): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "coinrelay-bench-" });
  try {
    for (const curve of curves) {
      for (const size of sizesOf(curve, events)) {
        report(await measure(size, seconds, `${work}/requests`, folder ?? work));
      }
    }
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function measure(size: Size, seconds: number, file: string, folder: string): Promise<GrowthResult> {
  const { what, connections = 32, bodies = [BODY], id } = size;
  const most = Math.ceil(Math.min(MOST_REQUESTS, MOST_BYTES / bodies[0]!.length));
  const requests = { bodies, ...id === undefined ? {} : { id } };
  const config = await size.config(folder);
  const driven = async (start: () => ReturnType<typeof startLimit>) => {
    await using server = await start();
    await prepare(file, most, requests);
    await drive(server.url, file, { connections, seconds: 1 }); // warms it up
    await prepare(file, seconds * most, requests);
    const before = cpuMs(server.pid);
    const load = await drive(server.url, file, { connections, seconds });
    const cpuMicros = (cpuMs(server.pid) - before) * 1000 / load.requests;
    return { load, cpuMicros, rssMiB: memoryOf(server.pid).rss };
  };
  const { load: limit } = await driven(startLimit);
  return { what, limit: limit.requests / limit.seconds, ...await driven(() => startRelay(config)) };
}
