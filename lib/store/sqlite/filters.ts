/** Filters as SQL conditions. @module */
import type { DeliveryFilter, EventFilter } from "../contract.ts";
import type { Bound } from "./connection.ts";
import type { RouteIds } from "./routes.ts";
import { STATE_NAMES, stateNumbers } from "./states.ts";

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

function part(value: Bound | undefined, sql: string): Condition | null {
  return value === undefined ? null : { sql, bound: [value] };
}

/** A condition over `events`. */
export function ofEvents(filter: EventFilter): Condition {
  return all([
    part(filter.source, "source = ?"),
    part(filter.id, "events.id = ?"),
    part(filter.coin, "coin = ?"),
    part(filter.type, "type = ?"),
    filter.notUnderstood ? { sql: "type IS NULL", bound: [] } : null,
    part(filter.since, "received_at >= ?"),
    part(filter.until, "received_at < ?"),
  ]);
}

/** A condition over `deliveries`. */
export function ofDeliveries(filter: DeliveryFilter, routes: RouteIds): Condition {
  const { source, eventId: id, coin, since, until, discarded = false } = filter;
  const events = ofEvents({
    ...(source === undefined ? {} : { source }),
    ...(id === undefined ? {} : { id }),
    ...(coin === undefined ? {} : { coin }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const states = (filter.states ?? STATE_NAMES).flatMap((state) => stateNumbers(state, discarded));
  const anyOf = (column: string, values: readonly number[]): Condition => ({
    sql: `${column} IN (SELECT value FROM json_each(?))`,
    bound: [JSON.stringify(values)],
  });
  return all([
    filter.ids ? anyOf("deliveries.id", filter.ids) : null,
    filter.events ? anyOf("event", filter.events) : null,
    filter.routes
      ? anyOf("route", filter.routes.map((name) => routes.find(name)).filter((id) => id !== undefined))
      : null,
    filter.states || !discarded ? anyOf("state", states) : null,
    events.bound.length > 0
      ? { sql: `event IN (SELECT seq FROM events WHERE ${events.sql})`, bound: events.bound }
      : null,
  ]);
}
