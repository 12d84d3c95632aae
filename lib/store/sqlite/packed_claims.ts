/** Claimed deliveries on their way from the store's thread: values in a row, each event once, bodies in one piece. @module */
import type { Delivery, DeliveryState, StoredEvent } from "../../nouns.ts";
import type { ClaimResult } from "../contract.ts";
import { type PackedFacts, packFacts, unpackFacts } from "./packed.ts";

type Value = string | number | boolean | null;

/** What a claim answered, packed. */
export interface PackedClaims {
  /** {@linkcode DELIVERY_VALUES} values of each delivery. */
  deliveries: Value[];
  /** The seq of each event, and what it says. */
  seqs: number[];
  events: PackedFacts;
  nextDueAt: number | null;
}

/** Values of a delivery: the place of its event, and its own. */
const DELIVERY_VALUES = 12;

/** Packs what a claim answered. */
export function packClaims({ claimed, nextDueAt }: ClaimResult): PackedClaims {
  const deliveries: Value[] = [];
  const places = new Map<StoredEvent, number>();
  for (const { delivery, event } of claimed) {
    let place = places.get(event);
    if (place === undefined) places.set(event, place = places.size);
    const { id, route, state, matched, attempts, dueAt, createdAt, finishedAt, error, replayOf, discarded } =
      delivery;
    const indexes = matched && matched.join();
    deliveries.push(place, id, route, state, indexes, attempts, dueAt, createdAt, finishedAt, error);
    deliveries.push(replayOf, discarded);
  }
  const events = [...places.keys()];
  return { deliveries, seqs: events.map(({ seq }) => seq), events: packFacts(events), nextDueAt };
}

/** What was packed. The bodies are views into one piece. */
export function unpackClaims(packed: PackedClaims): ClaimResult {
  const events = unpackFacts(packed.events).map((event, place) => ({ seq: packed.seqs[place]!, ...event }));
  const claimed: ClaimResult["claimed"] = [];
  const values = packed.deliveries;
  for (let at = 0; at < values.length; at += DELIVERY_VALUES) {
    const event = events[values[at] as number]!;
    const delivery: Delivery = {
      id: values[at + 1] as number,
      event: event.seq,
      route: values[at + 2] as string,
      state: values[at + 3] as DeliveryState,
      matched: indexesOf(values[at + 4] as string | null),
      attempts: values[at + 5] as number,
      dueAt: values[at + 6] as number,
      createdAt: values[at + 7] as number,
      finishedAt: values[at + 8] as number | null,
      error: values[at + 9] as string | null,
      replayOf: values[at + 10] as number | null,
      discarded: values[at + 11] as boolean,
    };
    claimed.push({ delivery, event });
  }
  return { claimed, nextDueAt: packed.nextDueAt };
}

function indexesOf(text: string | null): number[] | null {
  if (text === null) return null;
  return text === "" ? [] : text.split(",").map(Number);
}
