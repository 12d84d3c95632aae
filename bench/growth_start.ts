/** How long a start takes with much in the store, after a stop in order and after a kill under load. @module */
import { join } from "@std/path";
import { fillPast, storeIn } from "./past.ts";
import { launchRelay, type RelayFolder, relayFolder } from "./servers.ts";
import { denos, sendOne } from "./start.ts";
import { drive, prepare } from "./wrk.ts";

/** Times from the command to the first event that is accepted, in milliseconds. */
export interface LongStarts {
  stored: number;
  stopped: number[];
  killed: number[];
}

/** The load before a kill lasts so long. */
const LOAD_MS = 2000;
const MOST_REQUESTS = 2 * 60_000;

/** Starts a relay so many times on a store of so many events, filled in `folder` unless it is there. */
export async function measureLongStarts(stored: number, times: number, folder: string): Promise<LongStarts> {
  const past = join(folder, `past-${stored}`);
  if (stored > 0) await fillPast(past, stored);
  const file = join(folder, "requests");
  await using at = await relayFolder(stored > 0 ? { store: `sqlite:${storeIn(past)}` } : {});
  await timed(at); // from here on its plugins are known, and its tables are the newest
  const result: LongStarts = { stored, stopped: [], killed: [] };
  for (let i = 0; i < times; i++) {
    result.stopped.push(await timed(at));
    await prepare(file, MOST_REQUESTS);
    await killUnderLoad(at, file);
    result.killed.push(await timed(at));
  }
  await Deno.remove(file);
  return result;
}

async function timed(at: RelayFolder): Promise<number> {
  const began = performance.now();
  await using server = await launchRelay(at);
  await sendOne(server);
  return performance.now() - began;
}

async function killUnderLoad(at: RelayFolder, file: string): Promise<void> {
  await using server = await launchRelay(at);
  const load = drive(server.url, file, { connections: 32, seconds: LOAD_MS / 1000 + 1 });
  await new Promise((wake) => setTimeout(wake, LOAD_MS));
  for (const relay of denos(server.pid)) Deno.kill(relay, "SIGKILL");
  await load;
}
