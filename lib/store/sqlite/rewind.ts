/** Moves due times after the clock was set back. In steps, so that a long queue delays no one. @module */
import { BEHIND, PENDING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** How many deliveries one transaction moves. */
const STEP = 500;

/** The deliveries of a route that are in a state. */
export interface Queue {
  route: number;
  state: number;
}

/** How far a queue is worked through. */
export interface Place {
  dueAt: number;
  id: number;
}

/** Where each queue begins. */
export const START: Place = { dueAt: -1, id: -1 };

/** What one step did, and where the next begins; null when all is done. */
export interface Step {
  moved: number;
  after: Place | null;
}

interface Row {
  id: number;
  due_at: number;
}

/** All that may hold something to move. */
export function queues(tx: Transaction): Queue[] {
  const routes = tx.db.all<{ id: number }>("SELECT id FROM routes");
  return routes.flatMap(({ id: route }) => [{ route, state: PENDING }, { route, state: BEHIND }]);
}

/** Moves what waits for its next attempt, was due as it came, or was made due by a person; not what waits for a time of day. */
export function step(
  tx: Transaction,
  { route, state }: Queue,
  now: number,
  byMs: number,
  after: Place,
): Step {
  // In the order of due times: what is moved lies before the place, and is not met again.
  const rows = tx.db.all<Row>(
    `SELECT id, due_at FROM deliveries
     WHERE route = ? AND state = ${state} AND due_at > ? AND (due_at, id) > (?, ?)
       AND (attempts > 0 OR round > 0 OR due_at = created_at)
     ORDER BY due_at, id LIMIT ${STEP}`,
    route,
    now,
    after.dueAt,
    after.id,
  );
  for (const { id, due_at } of rows) {
    tx.db.run("UPDATE deliveries SET due_at = ? WHERE id = ?", Math.max(now, due_at - byMs), id);
  }
  if (rows.length > 0) tx.due(route);
  const last = rows.at(-1);
  return {
    moved: rows.length,
    after: last && rows.length === STEP ? { dueAt: last.due_at, id: last.id } : null,
  };
}
