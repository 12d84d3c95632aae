/** Ends attempts. @module */
import type { Settlement } from "../contract.ts";
import { type RateWindow, refund } from "../rate_window.ts";
import { append } from "./append.ts";
import type { Bound } from "./connection.ts";
import { insertMany } from "./insert_many.ts";
import { advance } from "./lanes.ts";
import { DEAD, DONE, PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

interface Held {
  delivery: number;
  route: number;
  round: number;
  attempts: number;
  lane: string | null;
  relay: string;
  started_at: number;
}

/** A settlement that holds, with what it settles. */
interface Settled extends Settlement {
  held: Held;
}

/** See `Store.settle`. */
export function settle(
  tx: Transaction,
  relay: string,
  settlements: readonly Settlement[],
  now: number,
): boolean[] {
  const held = holds(tx, settlements);
  const settled: Settled[] = [];
  const answers = settlements.map((settlement) => {
    const { delivery, attempt, undoes } = settlement;
    const mine = held.get(delivery);
    if (mine?.relay !== relay) return false;
    // The number tells an attempt from a later one that the same relay has begun.
    if (mine.attempts !== (attempt?.number ?? undoes ?? mine.attempts)) return false;
    held.delete(delivery);
    settled.push({ ...settlement, held: mine });
    return true;
  });
  if (settled.length === 0) return answers;
  tx.db.run(
    "DELETE FROM leases WHERE delivery IN (SELECT value FROM json_each(?))",
    JSON.stringify(settled.map(({ delivery }) => delivery)),
  );
  note(tx, settled);
  end(tx, settled, now);
  for (const { next, held: { route, lane } } of settled) {
    if (next.state !== "pending") advance(tx, route, lane);
  }
  for (const one of settled) { // what it emits takes its place behind those that wait
    remember(tx, one);
    append(tx, one.emitted);
  }
  return answers;
}

function holds(tx: Transaction, settlements: readonly Settlement[]): Map<number, Held> {
  const rows = tx.db.all<Held>(
    `SELECT delivery, route, round, attempts, lane, relay, started_at FROM leases JOIN deliveries ON id = delivery
     WHERE delivery IN (SELECT value FROM json_each(?))`,
    JSON.stringify(settlements.map(({ delivery }) => delivery)),
  );
  return new Map(rows.map((row) => [row.delivery, row]));
}

function note(tx: Transaction, settled: readonly Settled[]): void {
  const values: Bound[] = [];
  for (const { delivery, attempt, held } of settled) {
    if (attempt === null) {
      undo(tx, held);
      continue;
    }
    const { number, startedAt, durationMs, outcome, error, sent } = attempt;
    values.push(delivery, held.round, number, startedAt, durationMs, outcome, error);
    values.push(sent.length === 0 ? null : JSON.stringify(sent));
  }
  insertMany(tx.db, "INSERT INTO attempts", 8, values);
}

/** The claim counts no more: not as an attempt, and not for the rate of its route. */
function undo(tx: Transaction, { delivery, route, started_at }: Held): void {
  tx.db.run("UPDATE deliveries SET attempts = attempts - 1 WHERE id = ?", delivery);
  const { claims } = tx.db.get<{ claims: string }>("SELECT claims FROM routes WHERE id = ?", route)!;
  const window: RateWindow = JSON.parse(claims);
  if (window.length === 0) return;
  tx.db.run("UPDATE routes SET claims = ? WHERE id = ?", JSON.stringify(refund(window, started_at)), route);
}

/** Gives each delivery its next state: to those that are done, which most are, at once. */
function end(tx: Transaction, settled: readonly Settled[], now: number): void {
  const done: number[] = [];
  for (const { delivery, attempt, next, held: { route } } of settled) {
    const error = attempt?.error ?? null;
    if (next.state === "pending") {
      tx.db.run(
        `UPDATE deliveries SET state = ${PENDING}, due_at = ?, error = coalesce(?, error) WHERE id = ?`,
        next.dueAt,
        error,
        delivery,
      );
      tx.move(route, RUNNING, PENDING);
    } else if (next.state === "dead") {
      tx.db.run(
        `UPDATE deliveries SET state = ${DEAD}, finished_at = ?, lane = NULL, error = coalesce(?, error)
         WHERE id = ?`,
        now,
        error,
        delivery,
      );
      tx.move(route, RUNNING, DEAD);
    } else {
      done.push(delivery);
      tx.move(route, RUNNING, DONE);
    }
  }
  if (done.length === 0) return;
  tx.db.run(
    `UPDATE deliveries SET state = ${DONE}, finished_at = ?, lane = NULL
     WHERE id IN (SELECT value FROM json_each(?))`,
    now,
    JSON.stringify(done),
  );
}

function remember(tx: Transaction, { route, kv }: Settlement): void {
  if (kv.length === 0) return;
  const id = tx.routes.id(route);
  for (const { key, value } of kv) {
    if (value === null) tx.db.run("DELETE FROM kv WHERE route = ? AND key = ?", id, key);
    else tx.db.run("INSERT OR REPLACE INTO kv VALUES (?, ?, ?)", id, key, value);
  }
}
