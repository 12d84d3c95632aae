/** What a person does with deliveries: retry, discard, replay. @module */
import type { DeliveryState } from "../../nouns.ts";
import type { ReplayWish } from "../contract.ts";
import { anyOf } from "./conditions.ts";
import { advance, enter } from "./lanes.ts";
import type { DeliveryRow } from "./rows.ts";
import { BEHIND, DEAD, DISCARDED, PENDING, stateNumbers } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** Makes those of `ids` that are dead or waiting due at `now`; answers how many. */
export function retry(tx: Transaction, ids: readonly number[], now: number): number {
  const rows = rowsOf(tx, ids).filter((row) =>
    isDead(row) || waits(row) && (row.due_at > now || row.attempts > 0)
  );
  for (const row of rows) {
    const { state, lane } = isDead(row) ? enter(tx, row.route, coinOf(tx, row.event)) : row;
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
  return rows.length;
}

/** Discards those of `ids` that are in one of `states`; answers how many. */
export function discard(
  tx: Transaction,
  ids: readonly number[],
  states: readonly DeliveryState[],
  now: number,
): number {
  const numbers = states.flatMap((state) => stateNumbers(state, false));
  const rows = rowsOf(tx, ids).filter(({ state }) => numbers.includes(state));
  for (const { id, route, state } of rows) {
    tx.db.run(
      `UPDATE deliveries SET state = ${DISCARDED}, lane = NULL, finished_at = coalesce(finished_at, ?) WHERE id = ?`,
      now,
      id,
    );
    tx.move(route, state, DISCARDED);
  }
  for (const { route, state, lane } of rows) if (state === PENDING) advance(tx, route, lane);
  return rows.length;
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

function rowsOf(tx: Transaction, ids: readonly number[]): DeliveryRow[] {
  const { sql, bound } = anyOf("id", ids);
  return tx.db.all(`SELECT * FROM deliveries WHERE ${sql} ORDER BY id`, ...bound);
}

const isDead = ({ state }: DeliveryRow) => state === DEAD || state === DISCARDED;
const waits = ({ state }: DeliveryRow) => state === PENDING || state === BEHIND;

function coinOf(tx: Transaction, seq: number): string | null {
  return tx.db.get<{ coin: string | null }>("SELECT coin FROM events WHERE seq = ?", seq)?.coin ?? null;
}
