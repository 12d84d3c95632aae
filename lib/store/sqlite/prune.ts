/** Deletes what is old and no longer needed. @module */
import { DEAD, DONE } from "./states.ts";
import type { Transaction } from "./transaction.ts";

/** How many events one transaction looks at. */
const STEP = 200;

/** What one step did, and the event after which the next begins; null when none is left. */
export interface PruneStep {
  deleted: number;
  after: number | null;
}

/** Deletes up to `limit` events received before `olderThan`, looking at those after seq `after`. */
export function prune(
  tx: Transaction,
  olderThan: number,
  forgetIdsBefore: number,
  limit: number,
  after: number,
): PruneStep {
  const rows = tx.db.all<{ seq: number; received_at: number; needed: number }>(
    `SELECT seq, received_at, EXISTS (
       SELECT 1 FROM deliveries WHERE event = seq AND (state < ${DONE} OR state = ${DEAD})) AS needed
     FROM events WHERE seq > ? AND received_at < ? ORDER BY seq LIMIT ?`,
    after,
    olderThan,
    Math.min(limit, STEP),
  );
  let deleted = 0;
  for (const { seq, received_at, needed } of rows) {
    if (needed) continue;
    if (received_at >= forgetIdsBefore) {
      tx.db.run(
        "INSERT OR IGNORE INTO remembered SELECT id, source, received_at FROM events WHERE seq = ?",
        seq,
      );
    }
    deleteEvent(tx, seq);
    deleted++;
  }
  if (deleted > 0) tx.db.run("UPDATE last_seq SET seq = max(seq, ?)", rows.at(-1)!.seq);
  tx.db.run(
    `DELETE FROM remembered WHERE (id, source) IN (
       SELECT id, source FROM remembered WHERE received_at < ? LIMIT ${STEP})`,
    forgetIdsBefore,
  );
  return { deleted, after: rows.length < Math.min(limit, STEP) ? null : rows.at(-1)!.seq };
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
