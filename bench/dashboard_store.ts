/** A store with a long past, for the measurements of the dashboard. @module */
import { openStore } from "../lib/store/open.ts";
import { coinBody, update } from "../tests/admin/room.ts";
import { appendMany, settleAll } from "./fill.ts";

/** The routes whose deliveries are in it; each event is of one of them. */
export const ROUTES = ["all", "links", "security", "prices", "archive"];
const MARK = "filled";

/**
 * The folder of a store with so many events of 5000 coins, a tenth of them dead letters, the rest done. `folder` is
 * filled once and used again; without it a temporary folder is made, which takes some minutes for a million events.
 */
export async function filledFolder(events: number, folder?: string): Promise<string> {
  if (folder === undefined) {
    const made = await Deno.makeTempDir({ prefix: "coinrelay-bench-" });
    await fill(made, events);
    return made;
  }
  await Deno.mkdir(folder, { recursive: true });
  const mark = `${folder}/${MARK}`;
  const held = await Deno.readTextFile(mark).catch(() => null);
  if (held !== null && Number(held) !== events) throw new RangeError(`${folder} holds ${held} events`);
  if (held === null) {
    await fill(folder, events);
    await Deno.writeTextFile(mark, String(events));
  }
  return folder;
}

async function fill(folder: string, events: number): Promise<void> {
  const store = await openStore("sqlite:relay.db", folder);
  const now = Date.now();
  const encoder = new TextEncoder();
  await appendMany(store, 0, events, (n) => {
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
  });
  await settleAll(store, ROUTES, now + 1, ({ event }) => event.seq <= events / 10 ? "dead" : "done");
  await store.close();
}

if (import.meta.main) await filledFolder(Number(Deno.args[0]), Deno.args[1]);
