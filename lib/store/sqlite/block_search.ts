/** Tells by the blocks where the events can be that are sought. @module */
import { all, type Condition, where } from "../conditions.ts";
import type { EventFilter } from "../contract.ts";
import { BLOCK_SPAN, seqsOfCoin } from "./block_coins.ts";
import type { Connection } from "./connection.ts";
import { storable } from "../storable.ts";

/** Seqs from `first` up to and with `last`. */
export interface Range {
  first: number;
  last: number;
}

/** The stretches outside of which no event passes the filter, oldest first. */
export function rangesOf(db: Connection, filter: EventFilter): Range[] {
  const { sql, bound } = ofBlock(filter);
  if (bound.length === 0) return [{ first: 0, last: Number.MAX_SAFE_INTEGER }];
  const open = openRange(db); // first: a block that is made meanwhile is in both, and not in neither
  const closed = db.all<Range>(`SELECT first, last FROM blocks WHERE ${sql} ORDER BY first`, ...bound);
  return joined([...closed, open]);
}

/** The stretches after `after` outside of which no event is older than `until`, oldest first, each read when it is asked for. */
export function* rangesAfter(db: Connection, after: number, until: number): Generator<Range> {
  yield* db.each<Range>(
    "SELECT first, last FROM blocks WHERE first > ? AND last > ? AND received_min < ? ORDER BY first",
    after - BLOCK_SPAN,
    after,
    until,
  );
  yield openRange(db);
}

/** The events of some coins, in the order of a page; as many as can pass the filter, in portions. */
export function* seqsOf(
  db: Connection,
  filter: EventFilter,
  coins: readonly string[],
  range: Range,
  upwards: boolean,
): Generator<number[]> {
  const sought = coins.map(storable);
  const { sql, bound } = ofBlock(filter);
  const inOrder = (seqs: number[]) => upwards ? seqs : seqs.reverse();
  const { first: opens } = openRange(db); // all is told from here, whatever blocks are made meanwhile
  const sinceLastBlock = () =>
    inOrder(
      db.all<{ seq: number }>(
        `SELECT seq FROM events WHERE seq BETWEEN ? AND ? AND coin IN (SELECT value FROM json_each(?)) ORDER BY seq`,
        Math.max(opens, range.first),
        range.last,
        JSON.stringify(sought),
      ).map(({ seq }) => seq),
    );
  if (!upwards) yield sinceLastBlock();
  const blocks = db.each<{ first: number; coins: Uint8Array }>(
    `SELECT first, coins FROM blocks WHERE last >= ? AND first <= ? AND first < ? AND ${sql} ORDER BY first ${
      upwards ? "ASC" : "DESC"
    }`,
    range.first,
    range.last,
    opens,
    ...bound,
  );
  for (const { first, coins } of blocks) {
    const seqs = sought.flatMap((coin) => seqsOfCoin(coins, first, coin));
    if (sought.length > 1) seqs.sort((a, b) => a - b);
    yield inOrder(seqs.filter((seq) => seq >= range.first && seq <= range.last));
  }
  if (upwards) yield sinceLastBlock();
}

/** What a block must be to hold an event that passes the filter. */
function ofBlock({ source, type, notUnderstood, since, until }: EventFilter): Condition {
  const named = (column: string, name: string | null) =>
    where(`(${column} IS NULL OR EXISTS (SELECT 1 FROM json_each(${column}) WHERE value IS ?))`, name);
  return all([
    since === undefined ? null : where("received_max >= ?", since),
    until === undefined ? null : where("received_min < ?", until),
    source === undefined ? null : named("sources", source),
    type === undefined ? null : named("types", type),
    notUnderstood ? named("types", null) : null,
  ]);
}

/** The events since the last block. */
function openRange(db: Connection): Range {
  const { last } = db.get<{ last: number }>("SELECT coalesce(max(last), 0) AS last FROM blocks")!;
  return { first: last + 1, last: Number.MAX_SAFE_INTEGER };
}

/** Joins stretches that follow one another. */
function joined(ranges: readonly Range[]): Range[] {
  const answer: Range[] = [];
  for (const range of ranges) {
    const before = answer.at(-1);
    if (before && range.first <= before.last + 1) before.last = range.last;
    else answer.push({ ...range });
  }
  return answer;
}
