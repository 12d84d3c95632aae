/** What a person does with deliveries: retry, discard, replay. In steps, so that large wishes delay no one. @module */
import type { DeliveryFilter, ReplayWish } from "../contract.ts";
import { all, ofDeliveries } from "./filters.ts";
import { enter } from "./lanes.ts";
import type { DeliveryRow } from "./rows.ts";
import { BEHIND, DEAD, DISCARDED, PENDING } from "./states.ts";
import type { Transaction } from "./transaction.ts";

/** How many deliveries one transaction changes. */
export const STEP = 500;

/** What one step did, and the delivery after which the next begins; null when all is done. */
export interface Step {
  changed: number;
  after: number | null;
}

/** Makes dead and waiting deliveries due at `now`. */
export function retry(tx: Transaction, filter: DeliveryFilter, now: number, after: number): Step {
  const rows = next(
    tx,
    filter,
    after,
    `(state IN (${DEAD}, ${DISCARDED}) OR state IN (${PENDING}, ${BEHIND}) AND (due_at > ${now} OR attempts > 0))`,
  );
  for (const row of rows) {
    const dead = row.state === DEAD || row.state === DISCARDED;
    const { state, lane } = dead ? enter(tx, row.route, coinOf(tx, row.event)) : row;
    tx.db.run(
      `UPDATE deliveries SET state = ?, lane = ?, due_at = ?, finished_at = NULL, attempts = 0, round = round + 1
       WHERE id = ?`,
      state,
      lane,
      now,
      row.id,
    );
    tx.move(row.route, row.state, state);
  }
  return step(rows);
}

/** Discards dead letters. */
export function discard(tx: Transaction, filter: DeliveryFilter, after: number): Step {
  const rows = next(tx, filter, after, `state = ${DEAD}`);
  for (const { id, route } of rows) {
    tx.db.run(`UPDATE deliveries SET state = ${DISCARDED} WHERE id = ?`, id);
    tx.move(route, DEAD, DISCARDED);
  }
  return step(rows);
}

/** Makes new deliveries of stored events; answers their ids. A wish for an event that is gone is left out. */
export function replay(tx: Transaction, wishes: readonly ReplayWish[], now: number): number[] {
  return wishes.flatMap(({ event, route, matched, replayOf }) => {
    if (!tx.db.get("SELECT 1 FROM events WHERE seq = ?", event)) return [];
    const id = tx.routes.id(route);
    const { state, lane } = enter(tx, id, coinOf(tx, event));
    tx.count(id, state, 1);
    const row = tx.db.get<{ id: number }>(
      `INSERT INTO deliveries (event, route, state, due_at, created_at, lane, matched, replay_of)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
      event,
      id,
      state,
      now,
      now,
      lane,
      matched && JSON.stringify(matched),
      replayOf,
    );
    return [row!.id];
  });
}

function next(tx: Transaction, filter: DeliveryFilter, after: number, condition: string): DeliveryRow[] {
  const { sql, bound } = all([
    ofDeliveries(filter, tx.routes),
    { sql: condition, bound: [] },
    { sql: "deliveries.id > ?", bound: [after] },
  ]);
  return tx.db.all(`SELECT * FROM deliveries WHERE ${sql} ORDER BY deliveries.id LIMIT ${STEP}`, ...bound);
}

function step(rows: readonly DeliveryRow[]): Step {
  return { changed: rows.length, after: rows.length < STEP ? null : rows.at(-1)!.id };
}

function coinOf(tx: Transaction, seq: number): string | null {
  return tx.db.get<{ coin: string | null }>("SELECT coin FROM events WHERE seq = ?", seq)?.coin ?? null;
}
