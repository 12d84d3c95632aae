/** Looks events up by what a person asks for, in bounded steps. @module */
import { setImmediate } from "node:timers";
import { given } from "../../given.ts";
import type { Content, Delivery, StoredEvent } from "../../nouns.ts";
import { compileFields } from "../../pattern/field_pattern.ts";
import type { PageRequest, StoreReads } from "../../store/contract.ts";
import type { EventItem, Page } from "../api/shapes.ts";
import { contentOf, eventItem } from "./views.ts";

/** What a person asks for. Every given part must hold. */
export interface EventQuery {
  source?: string | undefined;
  /** An event type, exactly. */
  type?: string | undefined;
  /** Coin ids; any of them. */
  coins?: readonly string[] | undefined;
  /** Field patterns, as in a route; at least one change must match. */
  fields?: readonly string[] | undefined;
  changeType?: string | undefined;
  /** Has a delivery of this route. */
  route?: string | undefined;
  /** Occurs in the body, whatever its case. */
  text?: string | undefined;
  notUnderstood?: boolean | undefined;
  test?: boolean | undefined;
  since?: number | undefined;
  until?: number | undefined;
}

/** Most coins that are asked for at a time. */
export const MAX_COINS = 50;
/** Rows read in one step: the store answers others between two steps. */
const STEP = 200;
/** Rows looked at for one page; the page then says where to go on. */
const MOST_LOOKED_AT = 4000;

/** An event with what its body says and what its routes did. */
export interface Found {
  event: StoredEvent;
  content: Content | null;
  deliveries: Delivery[];
}

/** Whether an event is asked for, as far as that shows without its deliveries. */
export type EventTest = (event: StoredEvent, content: Content | null) => boolean;

/** Compiles what the store cannot filter by itself; also decides which new events a stream shows. */
export function compileQuery(query: EventQuery): EventTest {
  const coins = query.coins && new Set(query.coins);
  const takesField = query.fields && query.fields.length > 0 ? compileFields(query.fields) : null;
  const text = query.text?.toLowerCase();
  return (event, content) => {
    if (query.source !== undefined && event.source !== query.source) return false;
    if (query.type !== undefined && event.type !== query.type) return false;
    if (query.notUnderstood && event.type !== null) return false;
    if (query.test !== undefined && event.test !== query.test) return false;
    if (query.since !== undefined && event.receivedAt < query.since) return false;
    if (query.until !== undefined && event.receivedAt >= query.until) return false;
    if (coins && !(event.coin !== null && coins.has(event.coin))) return false;
    if (takesField || query.changeType !== undefined) {
      const fits = content?.changes?.some((change) =>
        (takesField === null || takesField(change.field)) &&
        (query.changeType === undefined || change.change_type === query.changeType)
      );
      if (!fits) return false;
    }
    return hasText(event, text);
  };
}

/** Whether a text in small letters occurs in an event; undefined: none is looked for. */
function hasText(event: StoredEvent, text: string | undefined): boolean {
  return text === undefined || bodyText(event).includes(text) || event.id.toLowerCase().includes(text);
}

/** Finds a page of events, newest first, or oldest first after `page.after`. */
export async function findEvents(
  store: StoreReads,
  query: EventQuery,
  page: PageRequest,
): Promise<Page<EventItem>> {
  const { found, next } = await search(store, query, page);
  return {
    items: found.map(({ event, content, deliveries }) => eventItem(event, content, deliveries)),
    next,
  };
}

/** As {@linkcode findEvents}, with the events as they are stored. */
export async function search(
  store: StoreReads,
  query: EventQuery,
  page: PageRequest,
): Promise<{ found: Found[]; next: string | null }> {
  const wanted = compileQuery(query);
  const text = query.text?.toLowerCase();
  const forward = page.after !== undefined;
  const { from, to } = await seqsOf(store, query);
  const found: Found[] = [];
  let at = forward ? Math.max(page.after ?? 0, from - 1) : Math.min(page.before ?? Infinity, to + 1);
  for (let looked = 0; looked < MOST_LOOKED_AT;) {
    const limit = filtersHere(query) ? STEP : Math.min(STEP, page.limit - found.length + 1);
    const rows = await rowsOf(store, query, cursorAt(at, forward, limit));
    // A text is looked for first: that is quick, and what lacks it need not be understood.
    const fits = rows.filter((event) => hasText(event, text)).map((event) => ({
      event,
      content: contentOf(event),
    }))
      .filter(({ event, content }) => wanted(event, content));
    const withDeliveries = await addDeliveries(store, fits, query.route);
    const room = page.limit - found.length;
    found.push(...withDeliveries.slice(0, room));
    if (withDeliveries.length > room) return { found, next: String(found.at(-1)!.event.seq) };
    at = rows.at(-1)?.seq ?? at;
    if (rows.length < limit || (forward ? at >= to : at <= from)) return { found, next: null };
    looked += rows.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { found, next: String(at) };
}

function cursorAt(at: number, forward: boolean, limit: number): PageRequest {
  if (forward) return { limit, after: at };
  return at === Infinity ? { limit } : { limit, before: at };
}

/** Whether rows of the store may turn out not to be wanted. */
function filtersHere({ source, since, until, fields, changeType, route, text, test }: EventQuery): boolean {
  return [source, since, until, changeType, route, text, test].some((part) => part !== undefined) ||
    (fields?.length ?? 0) > 0;
}

/** Rows by what the store finds by an index. */
async function rowsOf(store: StoreReads, query: EventQuery, page: PageRequest): Promise<StoredEvent[]> {
  const { type, notUnderstood, coins } = query;
  const filter = given({
    type,
    notUnderstood: notUnderstood || undefined,
    coins: coins?.slice(0, MAX_COINS),
  });
  return await store.events(filter, page);
}

/** Between which seqs events of a time lie. Clocks are set back now and then, so the bounds are a little wider. */
export async function seqsOf(
  store: StoreReads,
  { since, until }: Pick<EventQuery, "since" | "until">,
): Promise<{ from: number; to: number }> {
  return {
    from: since === undefined ? 0 : await firstSeqSince(store, since - CLOCK_SLACK_MS),
    to: until === undefined ? Infinity : await firstSeqSince(store, until + CLOCK_SLACK_MS),
  };
}

/** How far clocks are set back at most, where times are taken for the order in which things came. */
export const CLOCK_SLACK_MS = 10 * 60_000;

/** The first seq that was received at or after `time`, by halving; one after the last where there is none. */
async function firstSeqSince(store: StoreReads, time: number): Promise<number> {
  let low = 1;
  let high = ((await store.events({}, { limit: 1 }))[0]?.seq ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await store.events({}, { limit: 1, after: middle - 1 });
    if (event === undefined || event.receivedAt >= time) high = middle;
    else low = event.seq + 1;
  }
  return low;
}

/** Adds each event's deliveries; with a route, only events that have one of it stay. */
export async function addDeliveries(
  store: StoreReads,
  events: readonly { event: StoredEvent; content: Content | null }[],
  route?: string,
): Promise<Found[]> {
  const bySeq = new Map<number, Delivery[]>(events.map(({ event }) => [event.seq, []]));
  if (events.length > 0) {
    const deliveries = await store.deliveries(
      { events: [...bySeq.keys()], discarded: true },
      { after: 0, limit: MOST_DELIVERIES },
    );
    for (const delivery of deliveries) bySeq.get(delivery.event)?.push(delivery);
  }
  return events.map((one) => ({ ...one, deliveries: bySeq.get(one.event.seq) ?? [] }))
    .filter(({ deliveries }) =>
      route === undefined || deliveries.some((delivery) => delivery.route === route)
    );
}

/** Bounds what one step reads: 200 events with fifty routes each. */
const MOST_DELIVERIES = 10_000;

const decoder = new TextDecoder();

function bodyText(event: StoredEvent): string {
  return decoder.decode(event.body).toLowerCase();
}
