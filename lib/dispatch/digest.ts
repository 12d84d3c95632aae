/** Many events as one, for a route that gathers them. @module */
import { type Coin, DIGEST_TYPE, type EventForPlugin, type JsonObject } from "../nouns.ts";
import { OWN_SOURCE } from "./own_event.ts";

/** Most events of one digest. */
export const DIGEST_EVENTS = 500;
/** Most characters of the JSON text of one digest's events; what is beyond goes into the next one. */
const DIGEST_CHARACTERS = 1_000_000;

/**
 * Makes one event of several: `data.events` holds each as its plugin would have got it, `changes` those of all. The
 * coin is theirs where they have one in common. A single event stays as it is.
 */
export function digestOf(events: readonly EventForPlugin[], id: string, now: number): EventForPlugin {
  const [first, ...others] = events;
  if (first === undefined) throw new RangeError("Cannot make a digest: it has no events");
  if (others.length === 0) return first;
  const sameCoin = others.every(({ coin }) => coin.id === first.coin.id);
  const coin: Coin = sameCoin ? first.coin : { id: "", symbol: "", name: "" };
  return {
    id,
    type: DIGEST_TYPE,
    source: OWN_SOURCE,
    receivedAt: new Date(now).toISOString(),
    coin,
    changes: events.flatMap(({ changes }) => changes),
    data: { events: events as unknown as JsonObject[] },
    test: events.every(({ test }) => test),
  };
}

/** How many of the events, from the first on, fit into one digest: at least one. */
export function digestLength(events: readonly EventForPlugin[]): number {
  let characters = 0;
  const over = events.findIndex((event) => (characters += JSON.stringify(event).length) > DIGEST_CHARACTERS);
  return over < 0 ? events.length : Math.max(1, over);
}
