/** Looks deliveries up by what a person asks for, in bounded steps. @module */
import { setImmediate } from "node:timers";
import { given } from "../../given.ts";
import type { Delivery, DeliveryState, StoredEvent } from "../../nouns.ts";
import type { DeliveryFilter, PageRequest, RouteCount, StoreReads } from "../../store/contract.ts";
import type { DeliveryItem, Page } from "../api/shapes.ts";
import { CLOCK_SLACK_MS, seqsOf } from "./find_events.ts";
import { deliveryItem } from "./views.ts";

/** What a person asks for. Every given part must hold; no states or routes mean all of them. */
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
  /** Discarded dead letters too. */
  discarded?: boolean | undefined;
}

/** A delivery with its event, if that is still stored. */
export interface FoundDelivery {
  delivery: Delivery;
  event: StoredEvent | null;
}

/** Rows read in one step: the store answers others between two steps. */
const STEP = 200;
/** Rows looked at for one page; the page then says where to go on. */
const MOST_LOOKED_AT = 4000;
/** Rows looked at for one count; it then says "at least". */
const MOST_COUNTED = 20_000;

/** Finds a page of deliveries, newest first. */
export async function findDeliveries(
  store: StoreReads,
  query: DeliveryQuery,
  page: Pick<PageRequest, "limit" | "before">,
  mask: (text: string) => string,
): Promise<Page<DeliveryItem>> {
  const items: DeliveryItem[] = [];
  let looked = 0;
  for await (const step of deliverySteps(store, query, page.before, Math.min(STEP, page.limit + 1))) {
    for (const { delivery, event } of step.found) {
      if (items.length === page.limit) return { items, next: String(items.at(-1)!.id) };
      items.push(deliveryItem(delivery, event, mask));
    }
    looked += step.looked;
    if (looked >= MOST_LOOKED_AT) return { items, next: String(step.last) };
  }
  return { items, next: null };
}

/**
 * How many deliveries a query takes. By state and route the store knows; otherwise they are counted, up to a bound.
 */
export async function countDeliveries(
  store: StoreReads,
  query: DeliveryQuery,
): Promise<{ count: number; exact: boolean }> {
  if (isKnownByCount(query)) {
    const counts = await countsOf(store, query);
    return { count: counts.reduce((sum, { count }) => sum + count, 0), exact: true };
  }
  let count = 0;
  let looked = 0;
  for await (const step of deliverySteps(store, query)) {
    count += step.found.length;
    looked += step.looked;
    if (looked >= MOST_COUNTED) return { count, exact: false };
  }
  return { count, exact: true };
}

/** Whether the store knows the number without counting. */
export function isKnownByCount({ coin, source, eventId, since, until, discarded }: DeliveryQuery): boolean {
  return [coin, source, eventId, since, until].every((part) => part === undefined) && !discarded;
}

/** One step of a walk. */
export interface DeliveryStep {
  found: FoundDelivery[];
  /** How many rows were looked at. */
  looked: number;
  /** Id of the last one: a walk may go on before it. */
  last: number;
}

/**
 * Walks down from the newest delivery, or from `before`, in steps of up to `rows`; others have their turn in between.
 *
 * The store is asked only for what it finds by an index: by route and state, by coin, by event. What is asked of the
 * event besides is looked at here.
 */
export async function* deliverySteps(
  store: StoreReads,
  query: DeliveryQuery,
  before?: number,
  rows: number = STEP,
): AsyncGenerator<DeliveryStep> {
  const { from, to } = await seqsOf(store, query);
  const first = query.since === undefined ? 0 : await firstIdSince(store, query.since);
  for (let at = before;;) {
    const deliveries = await newest(
      store,
      query,
      at === undefined ? { limit: rows } : { limit: rows, before: at },
    );
    if (deliveries.length === 0) return;
    const near = deliveries.filter(({ event }) => from <= event && event <= to);
    const events = await eventsOf(store, near);
    const found = near.map((delivery) => ({ delivery, event: events.get(delivery.event) ?? null }))
      .filter(({ event }) => fitsEvent(query, event));
    at = deliveries.at(-1)!.id;
    yield { found, looked: deliveries.length, last: at };
    if (deliveries.length < rows || at < first) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * No delivery of an event that was received at `time` or later has a lower id: by halving, since deliveries are made after
 * their events, and numbered as they are made.
 */
async function firstIdSince(store: StoreReads, time: number): Promise<number> {
  let low = 1;
  let high = ((await store.deliveries(ALL, { limit: 1 }))[0]?.id ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [delivery] = await store.deliveries(ALL, { limit: 1, after: middle - 1 });
    if (delivery === undefined || delivery.createdAt >= time - CLOCK_SLACK_MS) high = middle;
    else low = delivery.id + 1;
  }
  return low;
}

const ALL: DeliveryFilter = { discarded: true };

/**
 * The newest rows. Without a coin or an event each route and state that holds anything is asked by itself, since that is
 * how deliveries are indexed. The discarded ones are in no count, and few people ask for them.
 */
async function newest(store: StoreReads, query: DeliveryQuery, page: PageRequest): Promise<Delivery[]> {
  const { states, routes, coin, eventId, source, discarded } = query;
  const everything = !states?.length && !routes?.length;
  if (everything || coin !== undefined || eventId !== undefined || discarded) {
    return await store.deliveries(filterOf({ ...query, source: eventId && source }), page);
  }
  const lanes = await countsOf(store, query);
  const parts = await Promise.all(
    lanes.map(({ route, state }) => store.deliveries({ routes: [route], states: [state] }, page)),
  );
  return parts.flat().sort((a, b) => b.id - a.id).slice(0, page.limit);
}

/** The routes and states that a query takes and that hold anything. */
async function countsOf(store: StoreReads, query: DeliveryQuery) {
  return fitting(await store.counts(), query);
}

function fitting(
  counts: readonly RouteCount[],
  { states, routes }: Pick<DeliveryQuery, "states" | "routes">,
) {
  return counts.filter(({ route, state, count }) =>
    count > 0 && (!routes?.length || routes.includes(route)) && (!states?.length || states.includes(state))
  );
}

/**
 * Of a query that finds nothing: whether there is nothing of its states at all, or nothing for its routes; null: it is the
 * rest of the query that finds nothing.
 */
export function noneOf(
  counts: readonly RouteCount[],
  query: DeliveryQuery,
): "at all" | "for its routes" | null {
  const { states, routes, discarded } = query;
  if (!discarded && fitting(counts, { states }).length === 0) return "at all";
  const none = isKnownByCount({ ...query, discarded: false }) ||
    !discarded && fitting(counts, { states, routes }).length === 0;
  return !none ? null : routes?.length ? "for its routes" : "at all";
}

function filterOf({ states, routes, coin, eventId, source, discarded }: DeliveryQuery): DeliveryFilter {
  return given({
    states: states?.length ? states : undefined,
    routes: routes?.length ? routes : undefined,
    coin,
    eventId,
    source,
    discarded,
  });
}

function fitsEvent({ source, since, until }: DeliveryQuery, event: StoredEvent | null): boolean {
  if (source === undefined && since === undefined && until === undefined) return true;
  if (event === null) return false;
  return (source === undefined || event.source === source) &&
    (since === undefined || event.receivedAt >= since) && (until === undefined || event.receivedAt < until);
}

/** The events of deliveries, by seq. */
async function eventsOf(
  store: StoreReads,
  deliveries: readonly Delivery[],
): Promise<Map<number, StoredEvent>> {
  const seqs = [...new Set(deliveries.map(({ event }) => event))];
  const events = await Promise.all(seqs.map((seq) => store.event({ seq })));
  return new Map(events.flatMap((event) => event === null ? [] : [[event.seq, event]]));
}
