/** Deletes what is old and no longer needed. @module */
import { rangesAfter } from "./block_search.ts";
import { DEAD, DONE } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** How many events one transaction looks at: few, since an append waits for it to end. */
const STEP = 25;

/** What is to be deleted; see `Store.prune`. */
export interface PruneWish {
  olderThan: number;
  forgetIdsBefore: number;
  limit: number;
}

/** What one step did, and the event after which the next begins; null when none is left. */
export interface PruneStep {
  deleted: number;
  after: number | null;
}

interface Old {
  seq: number;
  source: string;
  id: string;
  received_at: number;
  needed: number;
}

/** Deletes up to `limit` old events, looking at those after seq `after`. */
export function prune(
  tx: Transaction,
  { olderThan, forgetIdsBefore, limit }: PruneWish,
  after: number,
): PruneStep {
  const most = Math.min(limit, STEP);
  const rows = oldEvents(tx, olderThan, most, after);
  const unneeded = rows.filter(({ needed }) => !needed);
  for (const event of unneeded) {
    if (event.received_at >= forgetIdsBefore) {
      tx.db.run(
        "INSERT OR REPLACE INTO remembered VALUES (?, ?, ?)",
        event.id,
        event.source,
        event.received_at,
      );
    }
    tx.log.ids.forget(tx, event.id, event.seq);
    deleteEvent(tx, event.seq);
  }
  if (unneeded.length > 0) {
    const { seq } = unneeded.at(-1)!;
    tx.db.run("UPDATE marks SET value = max(value, ?) WHERE name = 'last_seq'", seq);
  }
  for (const table of ["blocks", "key_blocks"]) {
    tx.db.run(
      `DELETE FROM ${table} WHERE last > ? AND last <= ?
         AND NOT EXISTS (SELECT 1 FROM events WHERE seq BETWEEN first AND last)`,
      after,
      rows.at(-1)?.seq ?? after,
    );
  }
  const forgotten = forgetIds(tx, forgetIdsBefore);
  const more = rows.length === most || forgotten === STEP;
  return { deleted: unneeded.length, after: more ? rows.at(-1)?.seq ?? after : null };
}

function oldEvents(tx: Transaction, olderThan: number, most: number, after: number): Old[] {
  const rows: Old[] = [];
  for (const { first, last } of rangesAfter(tx.db, after, olderThan)) {
    rows.push(...tx.db.all<Old>(
      `SELECT seq, source, id, received_at, EXISTS (
         SELECT 1 FROM deliveries WHERE event = seq AND (state < ${DONE} OR state = ${DEAD})) AS needed
       FROM events WHERE seq BETWEEN ? AND ? AND received_at < ? ORDER BY seq LIMIT ?`,
      Math.max(first, after + 1),
      last,
      olderThan,
      most - rows.length,
    ));
    if (rows.length === most) break;
  }
  return rows;
}

function deleteEvent(tx: Transaction, seq: number): void {
  const deliveries = tx.db.all<{ id: number; route: number; state: number }>(
    "SELECT id, route, state FROM deliveries WHERE event = ?",
    seq,
  );
  for (const { id, route, state } of deliveries) {
    tx.db.run("DELETE FROM attempts WHERE delivery = ?", id);
    tx.db.run("DELETE FROM deliveries WHERE id = ?", id);
    tx.count(route, state, -1);
  }
  tx.db.run("DELETE FROM events WHERE seq = ?", seq);
}

/** Forgets ids of deleted events; answers how many. */
function forgetIds(tx: Transaction, before: number): number {
  return tx.db.run(
    `DELETE FROM remembered WHERE (id, source) IN (
       SELECT id, source FROM remembered WHERE received_at < ? LIMIT ${STEP})`,
    before,
  );
}
