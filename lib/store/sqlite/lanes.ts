/**
 * Keeps a coin's deliveries in order, for routes that ask for it.
 *
 * Of each lane (a route's unfinished deliveries of one coin) one is pending or running and all others are `BEHIND`
 * it, where claims do not see them. So a claim costs the same however long the lanes are.
 *
 * @module
 */
import type { Transaction } from "./transaction.ts";
import { BEHIND, PENDING, RUNNING } from "../states.ts";

/** Where a delivery that becomes pending takes its place. */
export function enter(
  tx: Transaction,
  route: number,
  coin: string | null,
): { state: number; lane: string | null } {
  if (!tx.routes.hasLanes(route)) return { state: PENDING, lane: null };
  const lane = coin ?? "";
  return { state: occupied(tx, route, lane) ? BEHIND : PENDING, lane };
}

/** Lets the next of a lane go first, unless one still does. */
export function advance(tx: Transaction, route: number, lane: string | null): void {
  if (lane === null || occupied(tx, route, lane)) return;
  const next = tx.db.get<{ id: number }>(
    `SELECT id FROM deliveries WHERE route = ? AND lane = ? AND state = ${BEHIND} ORDER BY id LIMIT 1`,
    route,
    lane,
  );
  if (!next) return;
  tx.db.run(`UPDATE deliveries SET state = ${PENDING} WHERE id = ?`, next.id);
  tx.move(route, BEHIND, PENDING);
}

/**
 * Makes a route's unfinished deliveries keep order from now on, or no longer. Looks at all of them once, when the
 * route's `order` was changed in the config.
 */
export function setLanes(tx: Transaction, route: number, lanes: boolean): void {
  if (tx.routes.hasLanes(route) === lanes) return;
  tx.routes.setLanes(route, lanes);
  if (lanes) {
    const behind = tx.db.run(
      `UPDATE deliveries SET state = ${BEHIND} WHERE route = ? AND state = ${PENDING}`,
      route,
    );
    tx.db.run(
      `UPDATE deliveries SET lane = coalesce((SELECT coin FROM events WHERE seq = event), '')
       WHERE route = ? AND state IN (${BEHIND}, ${RUNNING})`,
      route,
    );
    const first = tx.db.run(
      `UPDATE deliveries SET state = ${PENDING} WHERE id IN (
         SELECT min(id) FROM deliveries
         WHERE route = ? AND lane IS NOT NULL GROUP BY lane HAVING max(state) = ${BEHIND})`,
      route,
    );
    tx.count(route, BEHIND, behind - first);
    tx.count(route, PENDING, first - behind);
  } else {
    const behind = tx.db.run(
      `UPDATE deliveries SET state = ${PENDING} WHERE route = ? AND state = ${BEHIND}`,
      route,
    );
    tx.db.run("UPDATE deliveries SET lane = NULL WHERE route = ? AND lane IS NOT NULL", route);
    tx.count(route, BEHIND, -behind);
    tx.count(route, PENDING, behind);
  }
}

function occupied(tx: Transaction, route: number, lane: string): boolean {
  return tx.db.get(
    `SELECT 1 FROM deliveries WHERE route = ? AND lane = ? AND state IN (${PENDING}, ${RUNNING}) LIMIT 1`,
    route,
    lane,
  ) !== undefined;
}
