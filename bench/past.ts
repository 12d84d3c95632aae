/**
 * Stores with a past: millions of events of thousands of coins, with random ids, over the last weeks.
 *
 *   deno run --import-map=.imports.json -A bench/past.ts EVENTS FOLDER
 *
 * @module
 */
import { join } from "@std/path";
import type { NewEvent } from "../lib/store/contract.ts";
import { openSqlite } from "../lib/store/sqlite/open.ts";
import { coinBody, update } from "../tests/admin/room.ts";
import { appendMany, settleAll } from "./fill.ts";

/** The routes of {@linkcode fillBacklog}. */
export const BACKLOG_ROUTES = ["waiting-1", "waiting-2", "waiting-3", "waiting-4"];

const COINS = 5000;
const PAST_ROUTE = "past";
const DELIVERED_EVERY = 10;
/** Events appended before it is told, and before their deliveries are settled. */
const PORTION = 20_000;
const DAY_MS = 24 * 3600 * 1000;
/** All is younger than what is kept by default. */
const SPAN_MS = 29 * DAY_MS;

/** Told how many events the store holds. */
export type Report = (stored: number) => void;

/** The file of the store in a folder. */
export const storeIn = (folder: string): string => join(folder, "relay.db");

/** The id of the `n`th event, from 0: a UUID to look at, and as random as one. */
export function pastId(n: number): string {
  const words = [1, 2, 3, 4].map((lane) => mix(n ^ mix(lane)).toString(16).padStart(8, "0"));
  return words.join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Makes the store in `folder` hold at least so many events; every tenth was delivered. Goes on where an earlier call was
 * interrupted. A million takes half a minute, and half a gigabyte.
 */
export function fillPast(folder: string, events: number, report?: Report): Promise<void> {
  const now = Date.now();
  return fill(folder, events, report, (n) => {
    const receivedAt = now - Math.round((events - n) * SPAN_MS / events);
    const delivery = { route: PAST_ROUTE, matched: [0], dueAt: receivedAt };
    return pastEvent(n, receivedAt, n % DELIVERED_EVERY === 0 ? [delivery] : []);
  });
}

/** As {@linkcode fillPast}, of events of which each waits for each of {@linkcode BACKLOG_ROUTES}, until tomorrow. */
export function fillBacklog(folder: string, deliveries: number, report?: Report): Promise<void> {
  const now = Date.now();
  const waiting = BACKLOG_ROUTES.map((route) => ({ route, matched: null, dueAt: now + DAY_MS }));
  return fill(folder, Math.ceil(deliveries / waiting.length), report, (n) => pastEvent(n, now, waiting));
}

async function fill(
  folder: string,
  events: number,
  report: Report = () => {},
  event: (n: number) => NewEvent,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const store = await openSqlite(storeIn(folder));
  try {
    const [newest] = await store.events({}, { limit: 1 });
    for (let n = newest?.seq ?? 0; n < events;) {
      const to = Math.min(events, n + PORTION);
      await appendMany(store, n, to, event);
      await settleAll(store, [PAST_ROUTE], Date.now(), () => "done");
      report(n = to);
    }
  } finally {
    await store.close();
  }
}

function pastEvent(n: number, receivedAt: number, deliveries: NewEvent["deliveries"]): NewEvent {
  const coin = `coin-${n % COINS}`;
  return {
    source: "cryptosync",
    id: pastId(n),
    type: "cg.coin.info.updated",
    coin,
    receivedAt,
    timestamp: String(Math.floor(receivedAt / 1000)),
    signature: "0".repeat(64),
    body: new TextEncoder().encode(coinBody(coin, [update("name", `name ${n - COINS}`, `name ${n}`)])),
    test: false,
    depth: 0,
    deliveries,
  };
}

/** Scatters 32-bit numbers, no two to the same one. */
function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

if (import.meta.main) {
  const [events = "1000000", folder] = Deno.args;
  if (folder === undefined) throw new Error("Name a folder: past.ts EVENTS FOLDER");
  const began = performance.now();
  await fillPast(folder, Number(events), (stored) => {
    console.log(`${stored} events after ${((performance.now() - began) / 1000).toFixed(0)} s`);
  });
}
