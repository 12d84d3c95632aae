/** Filters as conditions of PostgreSQL. @module */
import { all, type Condition, eventFilterOf, where } from "../conditions.ts";
import type { DeliveryFilter, EventFilter } from "../contract.ts";
import { bigints } from "./arrays.ts";
import { STATE_NAMES, stateNumbers } from "../states.ts";
import { storable } from "../storable.ts";

/** SQL with each `?` as PostgreSQL writes it: `$1`, `$2`, … */
export function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll("?", () => `$${++count}`);
}

/** Rows whose `column` is one of the values. */
export function anyOf(column: string, values: readonly number[]): Condition {
  return where(`${column} = ANY(?::bigint[])`, bigints(values));
}

function part(value: string | number | undefined, sql: string): Condition | null {
  return value === undefined ? null : where(sql, value);
}

/** A text of any length, found by its beginning first, which is what the index has. */
function whole(value: string | undefined, column: string): Condition | null {
  return value === undefined
    ? null
    : where(`left(${column}, 100) = left(?, 100) AND ${column} = ?`, value, value);
}

/** A condition over `events e`. */
export function ofEvents(filter: EventFilter): Condition {
  return all([
    part(filter.source, "e.source = ?"),
    part(filter.id, "e.digest = sha256(convert_to(?, 'UTF8'))"),
    whole(filter.coin, "e.coin"),
    whole(filter.type, "e.type"),
    filter.notUnderstood ? where("e.type IS NULL") : null,
    part(filter.since, "e.received_at >= ?"),
    part(filter.until, "e.received_at < ?"),
  ]);
}

const ROUTES_NAMED =
  "SELECT id FROM routes WHERE name IN (SELECT value FROM json_array_elements_text(?::json))";

/** A condition over `deliveries d`. */
export function ofDeliveries(filter: DeliveryFilter): Condition {
  const { ids, events, routes, states, discarded = false } = filter;
  const event = eventFilterOf(filter);
  const ofEvent = event && ofEvents(event);
  const inStates = (states ?? STATE_NAMES).flatMap((state) => stateNumbers(state, discarded));
  return all([
    ids && anyOf("d.id", ids),
    events && anyOf("d.event", events),
    routes && where(`d.route = ANY(ARRAY(${ROUTES_NAMED}))`, JSON.stringify(routes.map(storable))),
    states || !discarded ? anyOf("d.state", [...new Set(inStates)]) : null,
    ofEvent && where(`d.event IN (SELECT e.seq FROM events e WHERE ${ofEvent.sql})`, ...ofEvent.bound),
  ]);
}
