/** Looks deliveries up by what a person asks for, in bounded steps. @module */
import type { Delivery, DeliveryState, StoredEvent } from "../../nouns.ts";
import type { DeliveryFilter, PageRequest, Store } from "../../store/contract.ts";
import type { DeliveryItem, Page } from "../api/shapes.ts";
import { deliveryItem } from "./views.ts";

/** What a person asks for. Every given part must hold. */
export interface DeliveryQuery {
  states?: readonly DeliveryState[] | undefined;
  routes?: readonly string[] | undefined;
  coin?: string | undefined;
  source?: string | undefined;
  eventId?: string | undefined;
  /** Event received at or after. */
  since?: number | undefined;
  /** Event received before. */
  until?: number | undefined;
  discarded?: boolean | undefined;
}

/** Counting stops here: a preview then says "at least". */
export const MOST_COUNTED = 10_000;
const COUNT_STEP = 1000;

/** The store's filter of a query. No states and no routes mean all of them; no ids mean none. */
export function filterOf(query: DeliveryQuery & Pick<DeliveryFilter, "ids">): DeliveryFilter {
  const isAll = (key: string, value: unknown) =>
    value === undefined || (key !== "ids" && Array.isArray(value) && value.length === 0);
  return Object.fromEntries(
    Object.entries(query).filter(([key, value]) => !isAll(key, value)),
  ) as DeliveryFilter;
}

/** Finds a page of deliveries, newest first. */
export async function findDeliveries(
  store: Store,
  query: DeliveryQuery,
  page: PageRequest,
  mask: (text: string) => string,
): Promise<Page<DeliveryItem>> {
  const rows = await store.deliveries(filterOf(query), { ...page, limit: page.limit + 1 });
  const shown = rows.slice(0, page.limit);
  const events = await eventsOf(store, shown);
  return {
    items: shown.map((delivery) => deliveryItem(delivery, events.get(delivery.event) ?? null, mask)),
    next: rows.length > page.limit ? String(shown.at(-1)!.id) : null,
  };
}

/** The events of deliveries, by seq. */
export async function eventsOf(
  store: Store,
  deliveries: readonly Delivery[],
): Promise<Map<number, StoredEvent>> {
  const seqs = [...new Set(deliveries.map(({ event }) => event))];
  const events = await Promise.all(seqs.map((seq) => store.event({ seq })));
  return new Map(events.flatMap((event) => event === null ? [] : [[event.seq, event]]));
}

/** How many deliveries a query takes, counted up to {@linkcode MOST_COUNTED} where the store cannot say at once. */
export async function countDeliveries(
  store: Store,
  query: DeliveryQuery & Pick<DeliveryFilter, "ids">,
): Promise<{ count: number; exact: boolean }> {
  const { states, routes, discarded, ...narrowed } = filterOf(query);
  if (Object.keys(narrowed).length === 0 && !discarded) {
    const counts = (await store.counts()).filter(({ route, state }) =>
      (routes?.includes(route) ?? true) && (states?.includes(state) ?? true)
    );
    return { count: counts.reduce((sum, { count }) => sum + count, 0), exact: true };
  }
  let count = 0;
  let page: PageRequest = { limit: COUNT_STEP };
  while (count < MOST_COUNTED) {
    const rows = await store.deliveries(filterOf(query), page);
    count += rows.length;
    if (rows.length < COUNT_STEP) return { count, exact: true };
    page = { limit: COUNT_STEP, before: rows.at(-1)!.id };
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return { count, exact: false };
}
