/** What a person does with deliveries: retry, discard, replay. In steps, so that large wishes delay no one. @module */
import type { DeliveryFilter, ReplayWish } from "../contract.ts";
import { type Condition, where } from "./conditions.ts";
import { enter } from "./lanes.ts";
import { listDeliveries } from "./list_deliveries.ts";
import type { DeliveryRow } from "./rows.ts";
import { BEHIND, DEAD, DISCARDED, PENDING } from "./states.ts";
import type { Transaction } from "./transaction.ts";

/** How many deliveries one transaction changes. */
const STEP = 100;

/** What one step did, and the delivery after which the next begins; null when all is done. */
export interface Step {
  changed: number;
  after: number | null;
}

/** The deliveries that are meant: a filter, and the recent events under its key (see `listEvents`). */
export interface Chosen {
  filter: DeliveryFilter;
  recent: readonly number[];
}

/** Makes dead and waiting deliveries due at `now`. */
export function retry(tx: Transaction, chosen: Chosen, now: number, after: number): Step {
  const states = [PENDING, BEHIND, DEAD, DISCARDED];
  const later = where(`(state IN (${DEAD}, ${DISCARDED}) OR due_at > ? OR attempts > 0)`, now);
  const rows = next(tx, chosen, after, states, later);
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
export function discard(tx: Transaction, chosen: Chosen, after: number): Step {
  const rows = next(tx, chosen, after, [DEAD]);
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

function next(
  tx: Transaction,
  { filter, recent }: Chosen,
  after: number,
  states: number[],
  condition?: Condition,
) {
  const narrowing = { recent, states, ...(condition ? { condition } : {}) };
  return listDeliveries(tx.db, tx.routes, filter, { limit: STEP, after }, narrowing);
}

function step(rows: readonly DeliveryRow[]): Step {
  return { changed: rows.length, after: rows.length < STEP ? null : rows.at(-1)!.id };
}

function coinOf(tx: Transaction, seq: number): string | null {
  return tx.db.get<{ coin: string | null }>("SELECT coin FROM events WHERE seq = ?", seq)?.coin ?? null;
}
