/** Lists events. @module */
import type { StoredEvent } from "../../nouns.ts";
import { all, type Condition, where } from "../conditions.ts";
import type { EventFilter, PageRequest } from "../contract.ts";
import { type Range, rangesOf, seqsOf } from "./block_search.ts";
import { anyOf, ofEvent } from "./conditions.ts";
import type { Connection } from "./connection.ts";
import { movedWithId } from "./known_ids.ts";
import { EVENT_COLUMNS, type EventRow, toEvent } from "./rows.ts";
import { storable } from "../storable.ts";

/** How many events of coins are looked at in one go, at most: of a page that wants fewer, so many as it wants. */
const GO = 200;

/**
 * See `Store.events`.
 *
 * @param recent For a filter that names an id: the events that may have it, of those that are in memory only.
 */
export function listEvents(
  db: Connection,
  filter: EventFilter,
  page: PageRequest,
  recent: readonly number[],
): StoredEvent[] {
  const rows: EventRow[] = [];
  for (const among of portionsOf(db, filter, page, recent)) {
    const { sql, bound } = all([among, ofEvent(filter)]);
    rows.push(...db.all<EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE ${sql} ORDER BY seq ${
        upwards(page) ? "ASC" : "DESC"
      } LIMIT ?`,
      ...bound,
      page.limit - rows.length,
    ));
    if (rows.length >= page.limit) break;
  }
  return rows.map(toEvent);
}

/** The seqs of all events that may have an id. */
export function seqsWithId(db: Connection, id: string, recent: readonly number[]): number[] {
  return [...new Set([...movedWithId(db, storable(id)), ...recent])];
}

/** Where to look, portion by portion, in the order of the page. */
function* portionsOf(
  db: Connection,
  filter: EventFilter,
  page: PageRequest,
  recent: readonly number[],
): Generator<Condition> {
  const range = bounds(page);
  const { id, coin } = filter;
  const coins = coin === undefined ? filter.coins : [coin];
  if (id !== undefined) {
    yield all([
      anyOf("seq", seqsWithId(db, id, recent)),
      where("seq BETWEEN ? AND ?", range.first, range.last),
    ]);
  } else if (coins !== undefined) {
    let portion: number[] = [];
    for (const seqs of seqsOf(db, filter, coins, range, upwards(page))) {
      portion.push(...seqs);
      if (portion.length < Math.min(GO, page.limit)) continue;
      yield anyOf("seq", portion);
      portion = [];
    }
    yield anyOf("seq", portion);
  } else {
    const ranges = rangesOf(db, filter);
    for (const { first, last } of upwards(page) ? ranges : ranges.reverse()) {
      if (first > range.last || last < range.first) continue;
      yield where("seq BETWEEN ? AND ?", Math.max(first, range.first), Math.min(last, range.last));
    }
  }
}

/** Whether a page goes from old to new. */
export function upwards(page: PageRequest): boolean {
  return page.after !== undefined;
}

/** The seqs or ids that a page may hold. */
export function bounds(page: PageRequest): Range {
  return { first: (page.after ?? -1) + 1, last: (page.before ?? Number.MAX_SAFE_INTEGER) - 1 };
}
