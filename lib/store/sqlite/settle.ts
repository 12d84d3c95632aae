/** Ends attempts. @module */
import type { Settlement } from "../contract.ts";
import { append } from "./append.ts";
import { advance } from "./lanes.ts";
import { DEAD, DONE, PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

interface Held {
  route: number;
  round: number;
  attempts: number;
  lane: string | null;
  relay: string;
}

/** See `Store.settle`. */
export function settle(
  tx: Transaction,
  relay: string,
  settlements: readonly Settlement[],
  now: number,
): boolean[] {
  return settlements.map((settlement) => settleOne(tx, relay, settlement, now));
}

function settleOne(tx: Transaction, relay: string, settlement: Settlement, now: number): boolean {
  const { delivery, attempt, next } = settlement;
  const held = tx.db.get<Held>(
    `SELECT route, round, attempts, lane, relay FROM leases JOIN deliveries ON id = delivery WHERE delivery = ?`,
    delivery,
  );
  if (held?.relay !== relay) return false;
  // The number tells an attempt from a later one that the same relay has begun.
  if (attempt !== null && held.attempts !== attempt.number) return false;
  const { route, lane } = held;
  tx.db.run("DELETE FROM leases WHERE delivery = ?", delivery);
  if (attempt === null) {
    tx.db.run("UPDATE deliveries SET attempts = attempts - 1 WHERE id = ?", delivery);
  } else {
    tx.db.run(
      "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      delivery,
      held.round,
      attempt.number,
      attempt.startedAt,
      attempt.durationMs,
      attempt.outcome,
      attempt.error,
      attempt.sent.length === 0 ? null : JSON.stringify(attempt.sent),
    );
  }
  const error = attempt?.error ?? null;
  if (next.state === "pending") {
    tx.db.run(
      `UPDATE deliveries SET state = ${PENDING}, due_at = ?, error = coalesce(?, error) WHERE id = ?`,
      next.dueAt,
      error,
      delivery,
    );
    tx.move(route, RUNNING, PENDING);
  } else {
    const state = next.state === "done" ? DONE : DEAD;
    tx.db.run(
      `UPDATE deliveries SET state = ?, finished_at = ?, lane = NULL, error = coalesce(?, error) WHERE id = ?`,
      state,
      now,
      error,
      delivery,
    );
    tx.move(route, RUNNING, state);
    advance(tx, route, lane);
  }
  remember(tx, settlement);
  append(tx, settlement.emitted);
  return true;
}

function remember(tx: Transaction, { route, kv }: Settlement): void {
  if (kv.length === 0) return;
  const id = tx.routes.id(route);
  for (const { key, value } of kv) {
    if (value === null) tx.db.run("DELETE FROM kv WHERE route = ? AND key = ?", id, key);
    else tx.db.run("INSERT OR REPLACE INTO kv VALUES (?, ?, ?)", id, key, value);
  }
}
