/** Reads events, deliveries, attempts and what routes remember. @module */
import type { Attempt, Delivery, StoredEvent } from "../../nouns.ts";
import type { DeliveryFilter, EventFilter, KvEntry, PageRequest, RouteCount } from "../contract.ts";
import type { Engine } from "./engine.ts";
import { all, type Condition, numbered, ofDeliveries, ofEvents } from "./filters.ts";
import {
  type AttemptRow,
  DELIVERY_COLUMNS,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  toAttempt,
  toDelivery,
  toEvent,
} from "./rows.ts";
import { DISCARDED, STATE_NAMES } from "../states.ts";

const FROM_EVENTS = `SELECT ${EVENT_COLUMNS} FROM events e`;
const FROM_DELIVERIES = `SELECT ${DELIVERY_COLUMNS} FROM deliveries d JOIN routes r ON r.id = d.route`;

/** See `Store.event`. */
export async function event(
  engine: Engine,
  key: { seq: number } | { id: string; source?: string },
): Promise<StoredEvent | null> {
  if (!("seq" in key)) return (await events(engine, key, { limit: 1 }))[0] ?? null;
  const [row] = await engine.read<EventRow>(`${FROM_EVENTS} WHERE e.seq = $1`, key.seq);
  return row ? toEvent(row) : null;
}

/** See `Store.events`. */
export async function events(engine: Engine, filter: EventFilter, page: PageRequest): Promise<StoredEvent[]> {
  const { coins, ...rest } = filter;
  if (coins !== undefined && rest.coin === undefined) {
    // Each has its own stretch of an index, in the order of a page.
    const pages = await Promise.all(
      [...new Set(coins)].map((coin) => events(engine, { ...rest, coin }, page)),
    );
    const order = page.after === undefined ? -1 : 1;
    return pages.flat().sort((a, b) => order * (a.seq - b.seq)).slice(0, page.limit);
  }
  if (coins !== undefined && !coins.includes(rest.coin!)) return [];
  return (await paged<EventRow>(engine, FROM_EVENTS, "e.seq", ofEvents(filter), page)).map(toEvent);
}

/** See `Store.deliveries`. */
export async function deliveries(
  engine: Engine,
  filter: DeliveryFilter,
  page: PageRequest,
): Promise<Delivery[]> {
  return (await paged<DeliveryRow>(engine, FROM_DELIVERIES, "d.id", ofDeliveries(filter), page)).map(
    toDelivery,
  );
}

function paged<Row>(engine: Engine, select: string, key: string, where: Condition, page: PageRequest) {
  const { sql, bound } = all([
    where,
    page.before === undefined ? null : { sql: `${key} < ?`, bound: [page.before] },
    page.after === undefined ? null : { sql: `${key} > ?`, bound: [page.after] },
  ]);
  const order = page.after === undefined ? "DESC" : "ASC";
  return engine.read<Row>(
    numbered(`${select} WHERE ${sql} ORDER BY ${key} ${order} LIMIT ?`),
    ...bound,
    page.limit,
  );
}

/** See `Store.delivery`. */
export async function delivery(engine: Engine, id: number): Promise<Delivery | null> {
  const [row] = await engine.read<DeliveryRow>(`${FROM_DELIVERIES} WHERE d.id = $1`, id);
  return row ? toDelivery(row) : null;
}

/** See `Store.attempts`. */
export async function attempts(engine: Engine, delivery: number): Promise<Attempt[]> {
  const rows = await engine.read<AttemptRow>(
    "SELECT number, started_at, duration_ms, outcome, error, sent FROM attempts WHERE delivery = $1 ORDER BY round, number",
    delivery,
  );
  return rows.map(toAttempt);
}

/** See `Store.counts`. */
export async function counts(engine: Engine): Promise<RouteCount[]> {
  const rows = await engine.read<{ route: string; state: number; count: number; oldest: number | null }>(
    `SELECT r.name AS route, c.state, c.count, (
       SELECT d.created_at FROM deliveries d WHERE d.route = c.route AND d.state = c.state ORDER BY d.id LIMIT 1
     ) AS oldest
     FROM (
       SELECT route, state, sum(count)::bigint AS count FROM counters WHERE state <> ${DISCARDED} GROUP BY route, state
     ) AS c JOIN routes r ON r.id = c.route WHERE c.count > 0 ORDER BY c.route, c.state`,
  );
  const answer = new Map<string, RouteCount>();
  for (const { route, state, count, oldest } of rows) {
    const name = STATE_NAMES[state]!;
    const key = `${route} ${name}`;
    const known = answer.get(key);
    answer.set(key, {
      route,
      state: name,
      count: count + (known?.count ?? 0),
      oldest: Math.min(oldest ?? Infinity, known?.oldest ?? Infinity),
    });
  }
  return [...answer.values()].map((one) => ({
    ...one,
    oldest: Number.isFinite(one.oldest) ? one.oldest : 0,
  }));
}

/** See `Store.kvGet`. */
export async function kvGet(engine: Engine, route: string, key: string): Promise<string | null> {
  const [row] = await engine.read<{ value: string }>(
    "SELECT value FROM kv JOIN routes r ON r.id = kv.route WHERE r.name = $1 AND key = $2",
    route,
    key,
  );
  return row?.value ?? null;
}

/** See `Store.kvList`. */
export async function kvList(engine: Engine, route: string): Promise<KvEntry[]> {
  const rows = await engine.read<KvEntry>(
    "SELECT key, value FROM kv JOIN routes r ON r.id = kv.route WHERE r.name = $1 ORDER BY key",
    route,
  );
  return rows.map(({ key, value }) => ({ key, value }));
}
