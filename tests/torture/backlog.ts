/** A relay whose receiver is down while deliveries pile up: its memory, its acks, and whether all is made in the end. @module */
import { appendMany } from "../../bench/fill.ts";
import { openStore } from "../../lib/store/open.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, type RelayProcess } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

/** What is asked for. */
export interface BacklogSettings {
  /** How many deliveries wait. */
  deliveries: number;
  onProgress?(text: string): void;
}

/** How long acks take, in milliseconds. */
export interface AckTimes {
  median: number;
  p99: number;
}

/** What came of it. Memory in MiB, resident. */
export interface BacklogReport {
  deliveries: number;
  /** A relay with nothing to do. */
  idle: { memory: number; ack: AckTimes };
  /** The same, with the backlog, trying it again and again. */
  piledUp: { memory: number; ack: AckTimes; attempts: number };
  /** While the backlog is worked off. */
  draining: { memory: number; ack: AckTimes };
  /** Deliveries made in a second once the receiver was back. */
  drainedPerSecond: number;
  /** Deliveries that were not made, or made twice. */
  faults: string[];
}

/** Each event goes to so many routes. */
const ROUTES = 4;
/** Events after which the progress is told. */
const STEP = 10_000;
const ACKS = 400;
/** Memory and acks are looked at after so many attempts of the backlog have failed. */
const ATTEMPTS_FIRST = 2000;
const DRAIN_MS = 3 * 3600_000;

/** Does it. */
export async function pileUp({ deliveries, onProgress = () => {} }: BacklogSettings): Promise<BacklogReport> {
  let down = true;
  let attempts = 0;
  const made = new Map<string, number>();
  await using receiver = startReceiver((one) => {
    receiver.received.length = 0;
    attempts++;
    if (down) return new Response("down", { status: 503 });
    const key = one.headers["webhook-id"]!;
    made.set(key, (made.get(key) ?? 0) + 1);
    return new Response("ok");
  });
  const http = await Deno.readTextFile(new URL("../../plugins/http.ts", import.meta.url));
  await using folder = await createRelayFolder({
    plugins: { "http.ts": http },
    config: {
      retry: { minDelaySeconds: 1, maxDelaySeconds: 60, maxAttempts: 1000 },
      routes: Array.from({ length: ROUTES }, (_, i) => ({
        name: `route-${i}`,
        plugin: "http",
        coins: ["piled-up"],
        concurrency: 32,
        options: { url: receiver.url },
      })),
    },
  });
  const fresh = await folder.start();
  const idle = { ack: await acks(fresh), memory: await memory(fresh) };
  await fresh.stop();

  const events = Math.ceil(deliveries / ROUTES);
  await fill(folder.folder, events, onProgress);
  const relay = await folder.start();
  onProgress("the receiver is down");
  await until("the backlog is tried", () => attempts >= Math.min(ATTEMPTS_FIRST, deliveries), 120_000);
  const piledUp = { ack: await acks(relay), memory: await memory(relay), attempts };

  const store = await openStore("sqlite:data/relay.db", folder.folder, { shared: true });
  const open = async () =>
    (await store.counts()).filter(({ state }) => state === "pending" || state === "running")
      .reduce((sum, { count }) => sum + count, 0);
  down = false;
  await store.retry({ states: ["pending"] }, Date.now()); // what waits longer for its next try need not
  const began = performance.now();
  const draining = { ack: await acks(relay), memory: await memory(relay) };
  await until("all is made", async () => {
    const left = await open();
    onProgress(`${left} deliveries left`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    return left === 0;
  }, DRAIN_MS);
  const seconds = (performance.now() - began) / 1000;
  draining.memory = Math.max(draining.memory, await memory(relay));
  await store.close();
  const faults: string[] = [];
  if (made.size !== events * ROUTES) faults.push(`${made.size} of ${events * ROUTES} deliveries were made`);
  const twice = [...made.values()].filter((times) => times > 1).length;
  if (twice > 0) faults.push(`${twice} deliveries were made more than once`);
  if (await relay.stop() !== 0) faults.push("the relay did not stop in order");
  return {
    deliveries: events * ROUTES,
    idle,
    piledUp,
    draining,
    drainedPerSecond: Math.round(events * ROUTES / seconds),
    faults,
  };
}

/** Stores the backlog while no relay runs: quicker than sending it. */
async function fill(folder: string, events: number, onProgress: (text: string) => void) {
  const store = await openStore("sqlite:data/relay.db", folder);
  const body = new TextEncoder().encode(JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: {
      id: "piled-up",
      symbol: "pile",
      name: "Piled up",
      changes: [{ field: "name", change_type: "update", old_value: "Pile", new_value: "Piled up" }],
    },
  }));
  const now = Date.now();
  const deliveries = Array.from(
    { length: ROUTES },
    (_, i) => ({ route: `route-${i}`, matched: null, dueAt: now }),
  );
  const event = (n: number) => ({
    source: "cryptosync",
    id: `evt-${n}`,
    type: "cg.coin.info.updated",
    coin: "piled-up",
    receivedAt: now,
    timestamp: "1776066000",
    signature: "0".repeat(64),
    body,
    test: false,
    depth: 0,
    deliveries,
  });
  for (let n = 0; n < events; n += STEP) {
    const to = Math.min(events, n + STEP);
    await appendMany(store, n, to, event);
    onProgress(`${to * ROUTES} deliveries pile up`);
  }
  await store.close();
}

/** Sends events one after the other, of a coin that no route takes. */
async function acks(relay: RelayProcess): Promise<AckTimes> {
  const times: number[] = [];
  for (let i = 0; i < ACKS; i++) {
    const began = performance.now();
    const said = await relay.send({});
    if (said !== "accepted") throw new Error(`an event was answered ${said}`);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.floor(share * times.length)]! * 10) / 10;
  return { median: at(0.5), p99: at(0.99) };
}

/** Resident memory, once it has come to rest. */
async function memory({ pid }: RelayProcess): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(await Deno.readTextFile(`/proc/${pid}/status`))?.[1];
  return Math.round(Number(kib) / 1024);
}
