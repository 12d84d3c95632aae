/** Lists events. @module */
import type { StoredEvent } from "../../nouns.ts";
import type { EventFilter, PageRequest } from "../contract.ts";
import { type Range, rangesOf } from "./blocks.ts";
import { all, anyOf, ofEvent, where } from "./conditions.ts";
import type { Connection } from "./connection.ts";
import { idKey, type Lookup, movedIds, movedOfCoin } from "./lookup.ts";
import { EVENT_COLUMNS, type EventRow, toEvent } from "./rows.ts";
import { storable } from "./storable.ts";

/** How many events a search by id or coin looks at in one go. */
const GO = 500;

/**
 * See `Store.events`.
 *
 * @param recent The seqs of the filter's id or coin that are in memory only; see {@linkcode recentOf}.
 */
export function listEvents(
  db: Connection,
  filter: EventFilter,
  page: PageRequest,
  recent: readonly number[],
): StoredEvent[] {
  const seqs = seqsOf(db, filter, recent);
  const rows = seqs === null ? byRange(db, filter, page) : bySeqs(db, filter, page, seqs);
  return rows.map(toEvent);
}

/** The seqs of a filter's id or coin that are in memory only: none where it names neither. */
export function recentOf(lookup: Lookup, { id, coin }: EventFilter): number[] {
  if (id !== undefined) return lookup.recentWithId(idKey(storable(id)));
  return coin === undefined ? [] : lookup.recentOfCoin(storable(coin));
}

/** The seqs of all events that may have a filter's id or coin, oldest first; null where it names neither. */
export function seqsOf(
  db: Connection,
  { id, coin }: EventFilter,
  recent: readonly number[],
): number[] | null {
  if (id === undefined && coin === undefined) return null;
  const moved = id !== undefined ? movedIds(db, idKey(storable(id))) : movedOfCoin(db, storable(coin!));
  return [...new Set([...moved, ...recent])].sort((a, b) => a - b);
}

function bySeqs(db: Connection, filter: EventFilter, page: PageRequest, all: readonly number[]): EventRow[] {
  const { first, last } = bounds(page);
  const seqs = all.filter((seq) => seq >= first && seq <= last);
  if (!upwards(page)) seqs.reverse();
  const rows: EventRow[] = [];
  for (let at = 0; at < seqs.length && rows.length < page.limit; at += GO) {
    rows.push(
      ...select(
        db,
        filter,
        { ...page, limit: page.limit - rows.length },
        anyOf("seq", seqs.slice(at, at + GO)),
      ),
    );
  }
  return rows;
}

function byRange(db: Connection, filter: EventFilter, page: PageRequest): EventRow[] {
  const { first, last } = bounds(page);
  const ranges = rangesOf(db, filter)
    .map((range): Range => ({ first: Math.max(first, range.first), last: Math.min(last, range.last) }))
    .filter((range) => range.first <= range.last);
  if (!upwards(page)) ranges.reverse();
  const rows: EventRow[] = [];
  for (const range of ranges) {
    const within = where("seq BETWEEN ? AND ?", range.first, range.last);
    rows.push(...select(db, filter, { ...page, limit: page.limit - rows.length }, within));
    if (rows.length >= page.limit) break;
  }
  return rows;
}

function select(
  db: Connection,
  filter: EventFilter,
  page: PageRequest,
  among: ReturnType<typeof where>,
): EventRow[] {
  const { sql, bound } = all([among, ofEvent(filter)]);
  const order = upwards(page) ? "ASC" : "DESC";
  return db.all<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE ${sql} ORDER BY seq ${order} LIMIT ?`,
    ...bound,
    page.limit,
  );
}

/** Whether a page goes from old to new. */
export function upwards(page: PageRequest): boolean {
  return page.after !== undefined;
}

/** The seqs or ids that a page may hold. */
export function bounds(page: PageRequest): Range {
  return { first: (page.after ?? -1) + 1, last: (page.before ?? Number.MAX_SAFE_INTEGER) - 1 };
}
