/** Filters as SQL conditions. @module */
import type { DeliveryFilter, EventFilter } from "../contract.ts";
import type { Bound } from "./connection.ts";
import { storable } from "./storable.ts";

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

/** One of a list of numbers. */
export function anyOf(column: string, values: readonly number[]): Condition {
  return where(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
}

/** What an event must be. */
export function ofEvent(filter: EventFilter): Condition {
  const { source, id, coin, coins, type, since, until } = filter;
  return all([
    source === undefined ? null : where("events.source = ?", source),
    id === undefined ? null : where("events.id = ?", id),
    coin === undefined ? null : where("events.coin = ?", coin),
    coins && where("events.coin IN (SELECT value FROM json_each(?))", JSON.stringify(coins.map(storable))),
    type === undefined ? null : where("events.type = ?", type),
    filter.notUnderstood ? where("events.type IS NULL") : null,
    since === undefined ? null : where("events.received_at >= ?", since),
    until === undefined ? null : where("events.received_at < ?", until),
  ]);
}

/** The part of a delivery filter that is about the event; null when there is none. */
export function eventFilterOf(filter: DeliveryFilter): EventFilter | null {
  const { source, eventId: id, coin, since, until } = filter;
  const parts = Object.entries({ source, id, coin, since, until }).filter(([, value]) => value !== undefined);
  return parts.length === 0 ? null : Object.fromEntries(parts);
}
