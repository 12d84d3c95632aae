/** Lists deliveries. @module */
import type { DeliveryFilter, PageRequest } from "../contract.ts";
import { rangesOf } from "./blocks.ts";
import { all, anyOf, type Condition, eventFilterOf, ofEvent, where } from "./conditions.ts";
import type { Connection } from "./connection.ts";
import { bounds, seqsOf, upwards } from "./list_events.ts";
import type { RouteIds } from "./routes.ts";
import type { DeliveryRow } from "./rows.ts";
import { STATE_NAMES, stateNumbers } from "./states.ts";

/** What narrows a listing besides its filter. */
export interface Narrowing {
  /** See `listEvents`. */
  recent: readonly number[];
  /** States by their numbers. */
  states?: readonly number[];
  condition?: Condition;
}

/** See `Store.deliveries`. */
export function listDeliveries(
  db: Connection,
  routes: RouteIds,
  filter: DeliveryFilter,
  page: PageRequest,
  { recent, states: among = STATE_NAMES.keys().toArray(), condition }: Narrowing,
): DeliveryRow[] {
  const { first, last } = bounds(page);
  const wished = (filter.states ?? STATE_NAMES).flatMap((state) =>
    stateNumbers(state, filter.discarded ?? false)
  );
  const states = new Set(wished.filter((state) => among.includes(state)));
  const narrowed = all([
    condition,
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

/** What the filter says of a delivery's event. */
function ofItsEvent(db: Connection, filter: DeliveryFilter, recent: readonly number[]): Condition | null {
  const events = eventFilterOf(filter);
  if (events === null) return null;
  const { sql, bound } = ofEvent(events);
  const exact = where(`EXISTS (SELECT 1 FROM events WHERE seq = event AND ${sql})`, ...bound);
  const seqs = seqsOf(db, events, recent);
  if (seqs !== null) return all([anyOf("event", seqs), exact]);
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
