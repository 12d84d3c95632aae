/** Events, claims and settlements that say only what a test is about. @module */
import type { Sent } from "../../lib/nouns.ts";
import type {
  Claimed,
  ClaimRequest,
  ClaimRoute,
  NewEvent,
  PlannedDelivery,
  Settlement,
  Store,
} from "../../lib/store/contract.ts";

/** An event of coin `btc`, received at 1000, without deliveries. */
export function anEvent(id: string, parts: Partial<NewEvent> = {}): NewEvent {
  return {
    source: "cryptosync",
    id,
    type: "cg.coin.info.updated",
    coin: "btc",
    receivedAt: 1000,
    timestamp: "1776066000",
    signature: "ef5a7cd5",
    body: new TextEncoder().encode(`{"id":"${id}"}`),
    test: false,
    depth: 0,
    deliveries: [],
    ...parts,
  };
}

/** A delivery to `route`, due at 1000. */
export function planned(route = "slack", dueAt = 1000): PlannedDelivery {
  return { route, matched: [0], dueAt };
}

/** Appends one event with a delivery to each of `routes`; answers its seq. */
export async function put(
  store: Store,
  id: string,
  routes: string[] = ["slack"],
  parts: Partial<NewEvent> = {},
): Promise<number> {
  const deliveries = routes.map((route) => planned(route));
  const [appended] = await store.append([anEvent(id, { deliveries, ...parts })]);
  if (appended?.result !== "accepted") throw new Error(`${id} was not accepted`);
  return appended.seq;
}

/** Asks for up to 10 of route `slack` at 1000, with a lease of 60 s. */
export function asking(
  parts: Omit<Partial<ClaimRequest>, "routes"> & Partial<ClaimRoute> = {},
): ClaimRequest {
  const { relay = "one", now = 1000, route = "slack", limit = 10, order = "any", rate = null } = parts;
  const { leaseUntil = now + 60_000 } = parts;
  return { relay, now, leaseUntil, routes: [{ route, limit, order, rate }] };
}

/** The event ids of what was claimed. */
export function ids(claimed: readonly Claimed[]): string[] {
  return claimed.map(({ event }) => event.id);
}

/** What an attempt sent: with characters that a store must not mistake. */
const SENT: Sent[] = [
  {
    what: "POST https://hook.example/•••",
    status: 200,
    body: '{"name":"Caf\u00e9 \ud83d\ude80 \\ \' \\u0000"}',
  },
  { what: "mail to ops@example.com", status: null, body: "" },
];

/** The settlement of a claim that ended in a way. */
export function ending(
  { delivery }: Claimed,
  next: Settlement["next"]["state"] | { dueAt: number } = "done",
  parts: Partial<Settlement> = {},
): Settlement {
  const outcome = next === "done" ? "done" : next === "dead" ? "permanent" : "retry";
  return {
    delivery: delivery.id,
    attempt: {
      number: delivery.attempts,
      startedAt: 1000,
      durationMs: 12.5,
      outcome,
      error: outcome === "done" ? null : "no answer",
      sent: SENT,
    },
    next: typeof next === "object"
      ? { state: "pending", dueAt: next.dueAt }
      : next === "pending"
      ? { state: "pending", dueAt: 2000 }
      : { state: next },
    route: delivery.route,
    kv: [],
    emitted: [],
    ...parts,
  };
}

/** Claims and settles until nothing of `slack` is due at `now`; answers the event ids in the order they were run. */
export async function drain(store: Store, now: number, order: "any" | "coin" = "any"): Promise<string[]> {
  const ran: string[] = [];
  while (true) {
    const { claimed } = await store.claim(asking({ now, limit: 3, order }));
    if (claimed.length === 0) return ran;
    ran.push(...ids(claimed));
    await store.settle("one", claimed.map((one) => ending(one)), now);
  }
}

/** A generator of numbers in [0, 1) that repeats for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Has `body` work in a folder of its own. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-store-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
