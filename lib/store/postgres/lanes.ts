/**
 * Keeps a coin's deliveries in order, for routes that ask for it.
 *
 * Of each lane (a route's unfinished deliveries of one coin) one is pending or running and all others are `BEHIND`
 * it, where claims do not see them. So a claim costs the same however long the lanes are. Whoever lets deliveries into
 * lanes or out of them holds the route's lock `lanes`.
 *
 * @module
 */
import { counting, moving } from "./counters.ts";
import { BEHIND, DONE, PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** The lane of a coin. */
export function laneOf(coin: string): string {
  return `sha256(convert_to(coalesce(${coin}, ''), 'UTF8'))`;
}

/** The state of a row of `rows` that enters `lane` of `route`, null for none, when those before it by `order` have. */
export function entering(rows: string, order: string): string {
  return `CASE WHEN ${rows}.lane IS NOT NULL AND (
      row_number() OVER (PARTITION BY ${rows}.route, ${rows}.lane ORDER BY ${order}) > 1
      OR ${occupied(rows)}
    ) THEN ${BEHIND} ELSE ${PENDING} END`;
}

function occupied(rows: string): string {
  return `(SELECT true FROM deliveries ahead WHERE ahead.route = ${rows}.route AND ahead.lane = ${rows}.lane
    AND ahead.state IN (${PENDING}, ${RUNNING}) LIMIT 1) IS NOT NULL`;
}

/** A delivery that has left its lane, given in hexadecimal. */
export interface Left {
  route: string;
  lane: string;
}

/** Lets the next of each lane go first, unless one still does. */
export async function advance(tx: Transaction, left: readonly Left[]): Promise<void> {
  if (left.length === 0) return;
  const rows = await tx.query<{ name: string }>(
    `WITH freed AS (
       SELECT DISTINCT r.id AS route, decode(l.lane, 'hex') AS lane
       FROM json_to_recordset($1::json) AS l(route text, lane text) JOIN routes r ON r.name = l.route
     ), heads AS (
       SELECT (
         SELECT d.id FROM deliveries d WHERE d.route = freed.route AND d.lane = freed.lane AND d.state = ${BEHIND}
         ORDER BY d.id LIMIT 1
       ) AS id FROM freed WHERE NOT (${occupied("freed")})
     ), moved AS (
       UPDATE deliveries SET state = ${PENDING} WHERE id = ANY(ARRAY(SELECT id FROM heads)) RETURNING route
     ), counted AS (${counting(moving("moved", BEHIND, PENDING))})
     SELECT name FROM routes WHERE id IN (SELECT route FROM moved)`,
    left,
  );
  for (const { name } of rows) tx.due(name);
}

/**
 * Makes a route's unfinished deliveries keep order from now on, or no longer. Looks at all of them once, when the
 * route's `order` was changed in the config.
 */
export async function setLanes(tx: Transaction, route: string, lanes: boolean): Promise<void> {
  tx.script(tx.locks.orders);
  const [row] = await tx.query<{ id: number }>(
    "UPDATE routes SET lanes = $2 WHERE name = $1 AND lanes <> $2 RETURNING id",
    route,
    lanes,
  );
  if (!row) return;
  const { id } = row;
  if (!lanes) {
    tx.query(
      `WITH freed AS (
         UPDATE deliveries SET state = ${PENDING} WHERE route = $1 AND state = ${BEHIND} RETURNING route
       ) ${counting(moving("freed", BEHIND, PENDING))}`,
      id,
    );
    tx.query(`UPDATE deliveries SET lane = NULL WHERE route = $1 AND lane IS NOT NULL`, id);
    return;
  }
  tx.query(
    `WITH waiting AS (
       UPDATE deliveries SET state = ${BEHIND} WHERE route = $1 AND state = ${PENDING} RETURNING route
     ) ${counting(moving("waiting", PENDING, BEHIND))}`,
    id,
  );
  tx.query(
    `UPDATE deliveries d SET lane = (SELECT ${laneOf("e.coin")} FROM events e WHERE e.seq = d.event)
     WHERE route = $1 AND state < ${DONE}`,
    id,
  );
  tx.query(
    `WITH first AS (
       UPDATE deliveries SET state = ${PENDING} WHERE id IN (
         SELECT min(id) FROM deliveries
         WHERE route = $1 AND lane IS NOT NULL GROUP BY lane HAVING max(state) = ${BEHIND}
       ) RETURNING route
     ) ${counting(moving("first", BEHIND, PENDING))}`,
    id,
  );
}
