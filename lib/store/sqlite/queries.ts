/** Reads single deliveries, attempts, counts and what routes remember: what is quick whatever the store's size. @module */
import type { Attempt, Delivery, StoredEvent } from "../../nouns.ts";
import type { KvEntry, RouteCount } from "../contract.ts";
import type { Connection } from "./connection.ts";
import type { RouteIds } from "./routes.ts";
import {
  type AttemptRow,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  toAttempt,
  toDelivery,
  toEvent,
} from "./rows.ts";
import { DISCARDED, STATE_NAMES } from "../states.ts";

/** The event of a seq. */
export function eventBySeq(db: Connection, seq: number): StoredEvent | null {
  const row = db.get<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE seq = ?`, seq);
  return row ? toEvent(row) : null;
}

/** See `Store.delivery`. */
export function delivery(db: Connection, routes: RouteIds, id: number): Delivery | null {
  const row = db.get<DeliveryRow>("SELECT * FROM deliveries WHERE id = ?", id);
  return row ? toDelivery(row, routes) : null;
}

/** See `Store.attempts`. */
export function attempts(db: Connection, delivery: number): Attempt[] {
  return db.all<AttemptRow>("SELECT * FROM attempts WHERE delivery = ? ORDER BY round, number", delivery)
    .map(toAttempt);
}

/** See `Store.counts`. */
export function counts(db: Connection, routes: RouteIds): RouteCount[] {
  const rows = db.all<{ route: number; state: number; count: number; oldest: number | null }>(
    `SELECT route, state, count, (
       SELECT created_at FROM deliveries d WHERE d.route = c.route AND d.state = c.state ORDER BY id LIMIT 1
     ) AS oldest
     FROM counters c WHERE count > 0 AND state <> ${DISCARDED} ORDER BY route, state`,
  );
  const answer = new Map<string, RouteCount>();
  for (const { route, state, count, oldest } of rows) {
    const key = `${route} ${STATE_NAMES[state]}`;
    const known = answer.get(key);
    if (known) {
      known.count += count;
      known.oldest = Math.min(known.oldest, oldest ?? known.oldest);
    } else {
      answer.set(key, { route: routes.name(route), state: STATE_NAMES[state]!, count, oldest: oldest ?? 0 });
    }
  }
  return [...answer.values()];
}

/** See `Store.kvGet`. */
export function kvGet(db: Connection, routes: RouteIds, route: string, key: string): string | null {
  const id = routes.find(route);
  if (id === undefined) return null;
  return db.get<KvEntry>("SELECT value FROM kv WHERE route = ? AND key = ?", id, key)?.value ?? null;
}

/** See `Store.kvList`. */
export function kvList(db: Connection, routes: RouteIds, route: string): KvEntry[] {
  const id = routes.find(route);
  if (id === undefined) return [];
  const rows = db.all<KvEntry>("SELECT key, value FROM kv WHERE route = ? ORDER BY key", id);
  return rows.map(({ key, value }) => ({ key, value }));
}
