/** Gives deliveries back whose relay does not run them any more. @module */
import { PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

interface Lost {
  delivery: number;
  started_at: number;
  route: number;
  round: number;
  attempts: number;
}

/**
 * Makes deliveries pending again, due as they were, with the attempt recorded as `interrupted`: those whose lease
 * ended at or before `until`, or all that run when it is left out; but none of `spared`.
 */
export function giveBack(
  tx: Transaction,
  reason: string,
  until = Number.MAX_SAFE_INTEGER,
  spared: readonly number[] = [],
): void {
  const lost = tx.db.all<Lost>(
    `SELECT delivery, started_at, route, round, attempts FROM leases JOIN deliveries ON id = delivery WHERE until <= ?`,
    until,
  );
  const spare = lost.length === 0 ? null : new Set(spared);
  for (const { delivery, started_at, route, round, attempts } of lost) {
    if (spare?.has(delivery)) continue;
    tx.db.run(
      "INSERT INTO attempts VALUES (?, ?, ?, ?, NULL, 'interrupted', ?, NULL)",
      delivery,
      round,
      attempts,
      started_at,
      reason,
    );
    tx.db.run("DELETE FROM leases WHERE delivery = ?", delivery);
    tx.db.run(`UPDATE deliveries SET state = ${PENDING} WHERE id = ?`, delivery);
    tx.move(route, RUNNING, PENDING);
  }
}
