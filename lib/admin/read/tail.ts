/** New events as they are committed, read once for all who watch. @module */
import type { Delivery } from "../../nouns.ts";
import type { AdminParts } from "../parts.ts";
import { addDeliveries, type Found } from "./find_events.ts";
import { contentOf } from "./views.ts";

/** The end of the list of events. */
export interface Tail {
  /** Up to `limit` events after `seq`, oldest first. */
  after(seq: number, limit: number): Promise<Found[]>;
  /** The newest event's seq; 0: there is none. */
  last(): Promise<number>;
  /** Makes a waker for one watcher. Close it at the end. */
  waker(): Waker;
  /** Wakes all who wait. */
  close(): void;
}

/** Wakes one watcher. */
export interface Waker {
  /** Resolves when there was news since the last call, at the latest after `ms`: so none is missed in between. */
  wait(ms: number): Promise<void>;
  /** Wants no news any more, and lets whoever waits go on. */
  close(): void;
}

/** So much is kept in memory, so that many watchers cost the store little more than one. */
const KEPT_EVENTS = 500;
const KEPT_BYTES = 8 * 1024 * 1024;

/** For so long what was looked up of an event's deliveries serves all watchers. */
const FRESH_MS = 200;

interface Known extends Pick<Found, "event" | "content"> {
  deliveries?: Delivery[];
  /** When its deliveries were looked up. */
  lookedAt: number;
}

/** Makes a tail. It reads nothing while nobody asks, and wants no news while nobody waits. */
export function createTail({ store, onEvents }: Pick<AdminParts, "store" | "onEvents">): Tail {
  /** The newest events that were read, without a gap between the first and the last. */
  let kept: readonly Known[] = [];
  let reading: Promise<void> | null = null;
  const wakers = new Set<() => void>();
  let forget = () => {};

  function wake() {
    for (const tell of wakers) tell();
  }

  async function read(after: number, limit: number): Promise<Known[]> {
    return (await store.events({}, { after, limit })).map((event) => ({
      event,
      content: contentOf(event),
      lookedAt: 0,
    }));
  }

  /** Reads what lies after the kept events, once however many ask. */
  function readOn(limit: number): Promise<void> {
    reading ??= (async () => {
      const before = kept;
      const rows = await read(before.at(-1)!.event.seq, limit);
      if (kept === before && rows.length > 0) kept = newest([...before, ...rows]);
    })().finally(() => reading = null);
    return reading;
  }

  async function knownAfter(seq: number, limit: number): Promise<readonly Known[]> {
    if (kept.at(-1)?.event.seq === seq) {
      await readOn(limit);
      if (kept.at(-1)?.event.seq === seq) return [];
    }
    const [first, last] = [kept[0]?.event.seq, kept.at(-1)?.event.seq];
    if (first !== undefined && last !== undefined && first <= seq && seq < last) {
      return kept.filter(({ event }) => event.seq > seq).slice(0, limit);
    }
    const rows = await read(seq, limit);
    if (rows.length > 0 && (last === undefined || rows.at(-1)!.event.seq > last)) kept = newest(rows);
    return rows;
  }

  return {
    after: async (seq, limit) => await withDeliveries(store, await knownAfter(seq, limit)),
    async last() {
      return (await store.events({}, { limit: 1 }))[0]?.seq ?? 0;
    },
    waker() {
      let news = false;
      let resume = () => {};
      const tell = () => {
        news = true;
        resume();
      };
      if (wakers.size === 0) forget = onEvents(wake);
      wakers.add(tell);
      return {
        async wait(ms) {
          if (!news) {
            await new Promise<void>((resolve) => {
              const patience = setTimeout(resolve, ms);
              resume = () => {
                clearTimeout(patience);
                resolve();
              };
            });
          }
          news = false;
        },
        close() {
          if (wakers.delete(tell) && wakers.size === 0) forget();
          tell();
        },
      };
    },
    close: wake,
  };
}

/** Deliveries go on while their event is kept, so they are looked up again now and then. */
async function withDeliveries(store: AdminParts["store"], known: readonly Known[]): Promise<Found[]> {
  const now = performance.now();
  const old = known.filter(({ deliveries, lookedAt }) =>
    deliveries === undefined || now - lookedAt > FRESH_MS
  );
  const found = await addDeliveries(store, old);
  old.forEach((one, index) => Object.assign(one, { deliveries: found[index]!.deliveries, lookedAt: now }));
  return known.map(({ event, content, deliveries = [] }) => ({ event, content, deliveries }));
}

function newest(known: readonly Known[]): Known[] {
  let bytes = 0;
  let from = known.length;
  while (from > 0 && known.length - from < KEPT_EVENTS) {
    bytes += known[from - 1]!.event.body.byteLength;
    if (bytes > KEPT_BYTES && from < known.length) break;
    from--;
  }
  return known.slice(from);
}
