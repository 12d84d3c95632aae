/** Filters as SQL conditions. @module */
import type { DeliveryFilter, EventFilter } from "../contract.ts";
import { bigints } from "./arrays.ts";
import type { Bound } from "./connection.ts";
import { STATE_NAMES, stateNumbers } from "../states.ts";

/** A condition with what its `?` stand for. */
export interface Condition {
  sql: string;
  bound: Bound[];
}

/** All of the parts; true when there are none. */
export function all(parts: readonly (Condition | null)[]): Condition {
  const given = parts.filter((part) => part !== null);
  return {
    sql: given.map(({ sql }) => sql).join(" AND ") || "true",
    bound: given.flatMap(({ bound }) => bound),
  };
}

/** SQL with each `?` as PostgreSQL writes it: `$1`, `$2`, … */
export function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll("?", () => `$${++count}`);
}

/** Rows whose `column` is one of the values. */
export function anyOf(column: string, values: readonly number[]): Condition {
  return { sql: `${column} = ANY(?::bigint[])`, bound: [bigints(values)] };
}

function part(value: Bound | undefined, sql: string): Condition | null {
  return value === undefined ? null : { sql, bound: [value] };
}

/** A text of any length, found by its beginning first, which is what the index has. */
function whole(value: string | undefined, column: string): Condition | null {
  return value === undefined
    ? null
    : { sql: `left(${column}, 100) = left(?, 100) AND ${column} = ?`, bound: [value, value] };
}

/** A condition over `events e`. */
export function ofEvents(filter: EventFilter): Condition {
  return all([
    part(filter.source, "e.source = ?"),
    part(filter.id, "e.digest = sha256(convert_to(?, 'UTF8'))"),
    whole(filter.coin, "e.coin"),
    whole(filter.type, "e.type"),
    filter.notUnderstood ? { sql: "e.type IS NULL", bound: [] } : null,
    part(filter.since, "e.received_at >= ?"),
    part(filter.until, "e.received_at < ?"),
  ]);
}

const ROUTES_NAMED =
  "SELECT id FROM routes WHERE name IN (SELECT value FROM json_array_elements_text(?::json))";

/** A condition over `deliveries d`. */
export function ofDeliveries(filter: DeliveryFilter): Condition {
  const { ids, events, routes, states, source, eventId: id, coin, since, until, discarded = false } = filter;
  const ofEvent = ofEvents({
    ...(source === undefined ? {} : { source }),
    ...(id === undefined ? {} : { id }),
    ...(coin === undefined ? {} : { coin }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const inStates = (states ?? STATE_NAMES).flatMap((state) => stateNumbers(state, discarded));
  return all([
    ids ? anyOf("d.id", ids) : null,
    events ? anyOf("d.event", events) : null,
    routes ? { sql: `d.route = ANY(ARRAY(${ROUTES_NAMED}))`, bound: [routes] } : null,
    states || !discarded ? anyOf("d.state", [...new Set(inStates)]) : null,
    ofEvent.bound.length > 0
      ? { sql: `d.event IN (SELECT e.seq FROM events e WHERE ${ofEvent.sql})`, bound: ofEvent.bound }
      : null,
  ]);
}
