/** Filters as parts of SQL, as far as all engines write them alike. @module */
import type { DeliveryFilter, EventFilter } from "./contract.ts";

/** What may stand for a `?`. */
type Bound = string | number | null;

/** A condition with what its `?` stand for. */
export interface Condition {
  sql: string;
  bound: Bound[];
}

/** A condition, given as `sql` and what its `?` stand for. */
export function where(sql: string, ...bound: Bound[]): Condition {
  return { sql, bound };
}

/** All of the parts; true when there are none. */
export function all(parts: readonly (Condition | null | undefined)[]): Condition {
  const given = parts.filter((part) => part !== null && part !== undefined);
  return {
    sql: given.map(({ sql }) => sql).join(" AND ") || "true",
    bound: given.flatMap(({ bound }) => bound),
  };
}

/** The part of a delivery filter that is about the event; null when there is none. */
export function eventFilterOf(filter: DeliveryFilter): EventFilter | null {
  const { source, eventId: id, coin, since, until } = filter;
  const parts = Object.entries({ source, id, coin, since, until }).filter(([, value]) => value !== undefined);
  return parts.length === 0 ? null : Object.fromEntries(parts);
}
