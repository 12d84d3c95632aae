/** Filters as conditions of SQLite. @module */
import { all, type Condition, where } from "../conditions.ts";
import type { EventFilter } from "../contract.ts";
import { storable } from "../storable.ts";

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
