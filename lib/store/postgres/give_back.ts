/** Gives deliveries back whose relay does not run them any more. @module */
import { bigints } from "./arrays.ts";
import { counting, moving } from "./counters.ts";
import { PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Makes deliveries pending again, due as they were, whose lease ended at or before `until`, with the attempt recorded
 * as `interrupted`; but none of `spared`.
 */
export async function giveBack(
  tx: Transaction,
  reason: string,
  until: number,
  spared: readonly number[] = [],
): Promise<void> {
  const rows = await tx.query<{ name: string }>(
    `WITH lost AS (
       SELECT id FROM deliveries WHERE state = ${RUNNING} AND lease_until <= $1
         AND id <> ALL($3::bigint[]) ORDER BY id FOR UPDATE SKIP LOCKED
     ), back AS (
       UPDATE deliveries SET state = ${PENDING}, relay = NULL, lease_until = NULL
       WHERE id = ANY(ARRAY(SELECT id FROM lost)) RETURNING id, route, round, attempts, started_at
     ), noted AS (
       INSERT INTO attempts (delivery, round, number, started_at, outcome, error)
       SELECT id, round, attempts, started_at, 'interrupted', $2 FROM back
     ), counted AS (${counting(moving("back", RUNNING, PENDING))})
     SELECT name FROM routes WHERE id IN (SELECT route FROM back)`,
    until,
    reason,
    bigints(spared),
  );
  for (const { name } of rows) tx.due(name);
}
