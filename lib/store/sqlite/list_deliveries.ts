/** Lists deliveries. @module */
import type { Delivery } from "../../nouns.ts";
import { all, type Condition, eventFilterOf, where } from "../conditions.ts";
import type { DeliveryFilter, PageRequest } from "../contract.ts";
import { type Range, rangesOf, seqsOf } from "./block_search.ts";
import { anyOf, ofEvent } from "./conditions.ts";
import type { Connection } from "./connection.ts";
import { bounds, seqsWithId, upwards } from "./list_events.ts";
import type { RouteIds } from "./routes.ts";
import { type DeliveryRow, toDelivery } from "./rows.ts";
import { STATE_NAMES, stateNumbers } from "../states.ts";

/**
 * See `Store.deliveries`.
 *
 * @param recent See `listEvents`.
 */
export function listDeliveries(
  db: Connection,
  routes: RouteIds,
  filter: DeliveryFilter,
  page: PageRequest,
  recent: readonly number[],
): Delivery[] {
  const rows = list(db, routes, filter, page, recent);
  return rows.map((row) => toDelivery(row, routes));
}

function list(
  db: Connection,
  routes: RouteIds,
  filter: DeliveryFilter,
  page: PageRequest,
  recent: readonly number[],
): DeliveryRow[] {
  const { first, last } = bounds(page);
  const { discarded = false } = filter;
  const states = new Set((filter.states ?? STATE_NAMES).flatMap((state) => stateNumbers(state, discarded)));
  const narrowed = all([
    where("deliveries.id BETWEEN ? AND ?", first, last),
    filter.ids && anyOf("deliveries.id", filter.ids),
    filter.events && anyOf("event", filter.events),
    ofItsEvent(db, filter, recent),
  ]);
  const few = filter.ids ?? filter.events ?? filter.eventId ?? filter.coin;
  if (few !== undefined || (!filter.routes && states.size >= STATE_NAMES.length - 1)) {
    const ofRoutes = filter.routes && anyOf("route", numbersOf(routes, filter.routes));
    return select(db, all([narrowed, ofRoutes, anyOf("+state", [...states])]), page);
  }
  // Each state of each route has its own stretch of an index, in the order of ids.
  const rows = placesOf(db, routes, filter.routes, states).flatMap(({ route, state }) =>
    select(db, all([where("route = ? AND state = ?", route, state), narrowed]), page)
  );
  rows.sort((a, b) => upwards(page) ? a.id - b.id : b.id - a.id);
  return rows.slice(0, page.limit);
}

function select(db: Connection, condition: Condition, page: PageRequest): DeliveryRow[] {
  return db.all<DeliveryRow>(
    `SELECT * FROM deliveries WHERE ${condition.sql} ORDER BY id ${upwards(page) ? "ASC" : "DESC"} LIMIT ?`,
    ...condition.bound,
    page.limit,
  );
}

const EVERYWHERE: Range = { first: 0, last: Number.MAX_SAFE_INTEGER };

/** What the filter says of a delivery's event. */
function ofItsEvent(
  db: Connection,
  filter: DeliveryFilter,
  recent: readonly number[],
): Condition | null {
  const events = eventFilterOf(filter);
  if (events === null) return null;
  const { sql, bound } = ofEvent(events);
  const exact = where(`EXISTS (SELECT 1 FROM events WHERE seq = event AND ${sql})`, ...bound);
  if (events.id !== undefined) return all([anyOf("event", seqsWithId(db, events.id, recent)), exact]);
  if (events.coin !== undefined) {
    const seqs = [...seqsOf(db, events, [events.coin], EVERYWHERE, true)].flat();
    return all([anyOf("event", seqs), exact]);
  }
  const ranges = rangesOf(db, events);
  return all([where("event BETWEEN ? AND ?", ranges[0]?.first ?? 0, ranges.at(-1)?.last ?? 0), exact]);
}

/** The routes and states that any delivery is in. */
function placesOf(
  db: Connection,
  routes: RouteIds,
  names: readonly string[] | undefined,
  states: ReadonlySet<number>,
): { route: number; state: number }[] {
  const wished = names && new Set(numbersOf(routes, names));
  return db.all<{ route: number; state: number }>("SELECT route, state FROM counters WHERE count > 0")
    .filter(({ route, state }) => states.has(state) && (wished === undefined || wished.has(route)));
}

function numbersOf(routes: RouteIds, names: readonly string[]): number[] {
  return names.map((name) => routes.find(name)).filter((id) => id !== undefined);
}
