/** Sends a relay hostile inputs, and sees that it lives, answers as it should, and gives its memory back. @module */
import { openStore } from "../../lib/store/open.ts";
import { sign } from "../../lib/verify/signature.ts";
import { createRandom } from "../support/random.ts";
import { createRelayFolder, SECRET } from "../support/relay_process.ts";
import { startReceiver } from "../support/receiver.ts";
import { hostileInput } from "./hostile_input.ts";
import { sendRaw } from "./raw_http.ts";

/** What is asked for. */
export interface FuzzSettings {
  inputs: number;
  seed: number;
  onProgress?(text: string): void;
}

/** What came of it. */
export interface FuzzReport {
  seed: number;
  inputs: number;
  seconds: number;
  /** Responses by status. */
  statuses: Record<string, number>;
  /** Events that got in: each rightly signed. */
  stored: number;
  /** What must not be. */
  faults: string[];
  /** Resident memory of the relay in MiB: after the first inputs, at most, and at the end. */
  memory: { before: number; most: number; after: number };
}

/** Connections at a time. */
const AT_A_TIME = 24;
/** So many inputs come first, so that what is loaded late does not count as growth. */
const WARM_UP = 500;
/** Memory may end above where it began by so much: a part for the heap's own pace, and a part for each input stored. */
const MEMORY_SLACK_MIB = 60;
const MOST_FAULTS = 50;

/** Does it. */
export async function fuzz({ inputs, seed, onProgress }: FuzzSettings): Promise<FuzzReport> {
  const began = performance.now();
  const random = createRandom(seed);
  await using receiver = startReceiver();
  const route = {
    name: "out",
    plugin: "http",
    fields: ["platforms.*", "links.*", "name"],
    options: { url: receiver.url },
  };
  const http = await Deno.readTextFile(new URL("../../plugins/http.ts", import.meta.url));
  await using folder = await createRelayFolder({ plugins: { "http.ts": http }, config: { routes: [route] } });
  const relay = await folder.start();
  const { hostname, port } = new URL(relay.url);
  const target = { hostname, port: Number(port) };
  const statuses: Record<string, number> = {};
  const faults: string[] = [];
  const fault = (text: string) => faults.length < MOST_FAULTS && faults.push(text);
  let sent = 0;

  async function sendOne() {
    const input = hostileInput(random, `fuzz-${seed}-${sent}`, SECRET);
    sent++;
    const answer = await sendRaw(target, input.chunks, input.answers).catch((error) => {
      fault(`${input.kind}: the relay takes no connection: ${error}`);
      return null;
    });
    if (answer === null) return;
    for (const status of answer.statuses) {
      statuses[status] = (statuses[status] ?? 0) + 1;
      const good = input.expected === null ? status < 500 : input.expected.includes(status);
      if (!good) fault(`${input.kind}: ${status}: ${answer.text}`);
    }
    if (answer.statuses.length < input.answers) {
      fault(`${input.kind}: ${answer.statuses.length} answers: ${answer.text}`);
    }
  }

  const work = async (until: number) => {
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      while (sent < until) {
        await sendOne();
        receiver.received.length = 0;
        if (sent % 1000 === 0) onProgress?.(`${sent} inputs`);
      }
    }));
  };

  await work(Math.min(WARM_UP, inputs));
  const before = residentMiB(relay.pid);
  let most = before;
  const watching = setInterval(() => most = Math.max(most, residentMiB(relay.pid)), 200);
  await work(inputs);
  clearInterval(watching);
  relay.said.length = relay.lines.length = 0;

  if (await relay.send({ id: "after-all" }) !== "accepted") fault("a good event is not accepted afterwards");
  const stored = await examineStore(folder.folder, fault);
  const after = await settled(relay.pid, before + MEMORY_SLACK_MIB);
  if (after > before + MEMORY_SLACK_MIB) fault(`memory grew from ${before} to ${after} MiB`);
  const exitCode = await relay.stop();
  if (exitCode !== 0) fault(`the relay ended with ${exitCode}`);
  return {
    seed,
    inputs: sent,
    seconds: Math.round((performance.now() - began) / 1000),
    statuses,
    stored,
    faults,
    memory: { before, most, after },
  };
}

/** What got in is rightly signed, all of it; answers how many events that are. */
async function examineStore(folder: string, fault: (text: string) => void): Promise<number> {
  const store = await openStore("sqlite:data/relay.db", folder, { shared: true });
  const page = 100;
  let stored = 0;
  for (let after = 0;;) {
    const events = await store.events({ source: "cryptosync" }, { after, limit: page });
    for (const { id, timestamp, signature, body } of events) {
      if (sign(SECRET, timestamp, id, body) !== signature.toLowerCase()) {
        fault(`${id} is stored and not rightly signed`);
      }
    }
    stored += events.length;
    if (events.length < page) break;
    after = events.at(-1)!.seq;
  }
  await store.close();
  return stored;
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** Memory goes back when the collector gets to it. */
async function settled(pid: number, enough: number): Promise<number> {
  for (let tries = 0; tries < 60 && residentMiB(pid) > enough; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return residentMiB(pid);
}
