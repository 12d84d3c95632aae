/** Looks up one event, or one delivery, with all that belongs to it. @module */
import type { StoredEvent } from "../../nouns.ts";
import type { StoreReads } from "../../store/contract.ts";
import type { DeliveryWhole } from "../api/shapes.ts";
import { notFound, Refused } from "../problem.ts";
import { deliveryWhole } from "./views.ts";

/** Deliveries of one event that are shown. */
const MOST_DELIVERIES = 200;

/**
 * Finds an event by `seq:N`, or by the id that its source gave it.
 *
 * @throws {Refused} with 404, or with 409 where several sources have that id and none is named.
 */
export async function oneEvent(store: StoreReads, id: string, source?: string): Promise<StoredEvent> {
  const seq = /^seq:(\d{1,15})$/.exec(id)?.[1];
  const bySeq = seq === undefined ? null : await store.event({ seq: Number(seq) });
  if (bySeq !== null && (source ?? bySeq.source) === bySeq.source) return bySeq;
  const events = await store.events(source === undefined ? { id } : { id, source }, { limit: 2 });
  if (events.length > 1) {
    const sources = events.map((event) => event.source).join(", ");
    throw new Refused(
      409,
      "ambiguous",
      `Several sources have this event id (${sources}): name one of them as source.`,
    );
  }
  if (events[0] !== undefined) return events[0];
  throw notFound(
    "No such event is stored. It may be older than retention.days of config.json, or was never accepted.",
  );
}

/** The deliveries of an event, oldest first, each with its attempts. */
export async function deliveriesOf(
  store: StoreReads,
  event: StoredEvent,
  mask: (text: string) => string,
): Promise<DeliveryWhole[]> {
  const deliveries = await store.deliveries(
    { events: [event.seq], discarded: true },
    { after: 0, limit: MOST_DELIVERIES },
  );
  return await Promise.all(
    deliveries.map(async (delivery) =>
      deliveryWhole(delivery, event, await store.attempts(delivery.id), mask)
    ),
  );
}

/**
 * A delivery with its attempts.
 *
 * @throws {Refused} with 404.
 */
export async function oneDelivery(
  store: StoreReads,
  id: number,
  mask: (text: string) => string,
): Promise<DeliveryWhole> {
  const delivery = await store.delivery(id);
  if (delivery === null) throw notFound(`There is no delivery ${id}.`);
  const event = await store.event({ seq: delivery.event });
  return deliveryWhole(delivery, event, await store.attempts(id), mask);
}
