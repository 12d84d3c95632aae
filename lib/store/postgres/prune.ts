/** Deletes what is old and no longer needed. @module */
import { bigints } from "./arrays.ts";
import { counting } from "./counters.ts";
import { DEAD, DONE } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** How many events one transaction looks at. */
const STEP = 200;

/** What one step did, and the event after which the next begins; null when none is left. */
export interface PruneStep {
  deleted: number;
  after: number | null;
}

/** Deletes up to `limit` events received before `olderThan`, looking at those after seq `after`. */
export async function prune(
  tx: Transaction,
  olderThan: number,
  forgetIdsBefore: number,
  limit: number,
  after: number,
): Promise<PruneStep> {
  const most = Math.min(limit, STEP);
  // Held, so that none gets a delivery meanwhile, nor one of its deliveries another state.
  const events = await tx.query<{ seq: number }>(
    `SELECT seq FROM events WHERE seq > $1 AND received_at < $2 ORDER BY seq LIMIT $3 FOR UPDATE SKIP LOCKED`,
    after,
    olderThan,
    most,
  );
  const deliveries = await tx.query<{ event: number; state: number }>(
    `SELECT event, state FROM deliveries
     WHERE event = ANY($1::bigint[]) ORDER BY id FOR UPDATE`,
    bigints(events.map(({ seq }) => seq)),
  );
  const needed = new Set(
    deliveries.flatMap(({ event, state }) => state < DONE || state === DEAD ? [event] : []),
  );
  const unneeded = events.flatMap(({ seq }) => needed.has(seq) ? [] : [seq]);
  if (unneeded.length > 0) {
    const old = bigints(unneeded);
    tx.query(
      `INSERT INTO remembered SELECT digest, source, id, received_at FROM events
       WHERE seq = ANY($1::bigint[]) AND received_at >= $2
       ON CONFLICT (digest, source) DO NOTHING`,
      old,
      forgetIdsBefore,
    );
    tx.query(
      `WITH gone AS (
         DELETE FROM deliveries WHERE event = ANY($1::bigint[])
         RETURNING id, route, state
       ), untold AS (
         DELETE FROM attempts WHERE delivery = ANY(ARRAY(SELECT id FROM gone))
       ) ${counting("SELECT route, state, -1 AS by FROM gone")}`,
      old,
    );
    tx.query("DELETE FROM events WHERE seq = ANY($1::bigint[])", old);
  }
  tx.query(
    `DELETE FROM remembered WHERE (digest, source) IN (
       SELECT digest, source FROM remembered WHERE received_at < $1 ORDER BY received_at LIMIT ${STEP})`,
    forgetIdsBefore,
  );
  return { deleted: unneeded.length, after: events.length < most ? null : events.at(-1)!.seq };
}
