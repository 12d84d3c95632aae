/** The start, and what a relay takes while nothing happens. @module */
import { join } from "@std/path";
import { connect } from "./connection.ts";
import { childrenOf, type Memory, memoryOf } from "./memory.ts";
import { launchRelay, type RelayFolder, relayFolder, type Server, startLimit } from "./servers.ts";
import { signedRequests } from "./signed_requests.ts";

/** Times from the command to the first event that is accepted, in milliseconds. */
export interface StartTimes {
  /** The limit: a bare server. */
  bare: number[];
  /** A relay whose store and plugins nobody has seen before. */
  first: number[];
  /** The same relay again. */
  again: number[];
}

/** What each process takes while nothing happens. */
export interface IdleMemory {
  bare: Memory;
  relay: Memory;
  launcher: Memory;
  /** Of the plugin `log`, after one event. */
  plugin: Memory;
}

/** Until what a start has left behind is given back, as far as it is. */
const SETTLED_MS = 10_000;

/** Starts each so many times, in turn. */
export async function measureStart(times: number): Promise<StartTimes> {
  const result: StartTimes = { bare: [], first: [], again: [] };
  for (let i = 0; i < times; i++) {
    await using at = await relayFolder({});
    for (
      const [kind, start] of [
        ["bare", startLimit],
        ["first", () => launchRelay(at)],
        ["again", () => launchRelay(at)],
      ] as const
    ) {
      const began = performance.now();
      await using server = await start();
      await sendOne(server);
      result[kind].push(performance.now() - began);
    }
  }
  return result;
}

/** Looks at a bare server, and at a relay with the repository's plugins in its folder: without a route, then with one. */
export async function measureIdle(): Promise<IdleMemory> {
  await using limit = await startLimit();
  await using at = await relayFolder({});
  await makeKnown(at);
  await using launched = await launchRelay(at);
  await using routed = await relayFolder({ routes: [{ name: "all", plugin: "log", fields: ["*"] }] });
  await using other = await launchRelay(routed);
  await sendOne(other);
  await new Promise((done) => setTimeout(done, SETTLED_MS));
  return {
    bare: memoryOf(limit.pid),
    relay: memoryOf(denos(launched.pid)[0]!),
    launcher: memoryOf(launched.pid),
    plugin: memoryOf(denos(denos(other.pid)[0]!)[0]!),
  };
}

/** Runs a relay until it has looked at its plugins, so that the next start knows them. */
async function makeKnown(at: RelayFolder): Promise<void> {
  await using _ = await launchRelay(at);
  const written = () =>
    [...Deno.readDirSync(join(at.folder, "data"))].some(({ name }) => name === "plugins.json");
  while (!written()) await new Promise((done) => setTimeout(done, 50));
}

/** Sends an event, and waits until it is accepted. */
export async function sendOne({ url }: Pick<Server, "url">): Promise<void> {
  const connection = await connect("127.0.0.1", Number(new URL(url).port));
  const { status } = await connection.ask(signedRequests(1)[0]!);
  connection.close();
  if (status !== 200 && status !== 204) throw new Error(`The first event was answered ${status}`);
}

/** The processes of Deno that `pid` has started: of a launcher the relay, of a relay the plugins. */
export const denos = (pid: number): number[] =>
  childrenOf(pid).filter((child) => commandOf(child).startsWith("deno"));

const commandOf = (pid: number) => Deno.readTextFileSync(`/proc/${pid}/comm`);
