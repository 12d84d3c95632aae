/** Ends attempts. @module */
import type { Settlement } from "../contract.ts";
import { insert, routesOf } from "./append.ts";
import { bigints } from "./arrays.ts";
import { counting } from "./counters.ts";
import { advance } from "./lanes.ts";
import { refundPaces } from "./pace.ts";
import { DEAD, DONE, PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

interface Held {
  id: number;
  route: string;
  round: number;
  attempts: number;
  lane: string | null;
  started_at: number;
}

/** A settlement that holds, with what it settles. */
interface Settled extends Settlement {
  held: Held;
}

const STATES = { pending: PENDING, done: DONE, dead: DEAD };

/** The routes that settlements touch. */
export function routesTouched(settlements: readonly Settlement[]): string[] {
  return settlements.flatMap(({ route, emitted }) => [route, ...routesOf(emitted)]);
}

/** See `Store.settle`. */
export async function settle(
  tx: Transaction,
  relay: string,
  settlements: readonly Settlement[],
  now: number,
): Promise<boolean[]> {
  const emits = settlements.some(({ emitted }) => emitted.length > 0);
  tx.script(emits ? `${tx.locks.underOrders}; ${tx.locks.sequence}` : tx.locks.underOrders);
  tx.query(tx.locks.lanes, routesTouched(settlements));
  const held = await holds(tx, relay, settlements);
  const settled: Settled[] = [];
  const answers = settlements.map((settlement) => {
    const mine = held.get(settlement.delivery);
    // The number tells an attempt from a later one that the same relay has begun.
    const number = settlement.attempt?.number ?? settlement.undoes ?? mine?.attempts;
    if (!mine || number !== mine.attempts) {
      tx.due(settlement.route); // a crash of the server may have undone the claim: then it waits for another
      return false;
    }
    if (mine.route !== settlement.route) {
      throw new Error(`Delivery ${mine.id} is not of route ${settlement.route}`);
    }
    held.delete(mine.id);
    settled.push({ ...settlement, held: mine });
    return true;
  });
  if (settled.length === 0) return answers;
  end(tx, settled, now);
  note(tx, settled);
  await refundPaces(tx, settled.filter(({ attempt }) => attempt === null).map(({ held }) => held));
  remember(tx, settled);
  const left = settled.flatMap(({ held: { route, lane }, next }) =>
    lane !== null && next.state !== "pending" ? [{ route, lane }] : []
  );
  tx.also(advance(tx, left));
  const emitted = settled.flatMap((one) => one.emitted);
  if (emitted.length > 0) tx.also(insert(tx, emitted));
  return answers;
}

async function holds(
  tx: Transaction,
  relay: string,
  settlements: readonly Settlement[],
): Promise<Map<number, Held>> {
  const rows = await tx.query<Held>(
    `SELECT d.id, r.name AS route, d.round, d.attempts, encode(d.lane, 'hex') AS lane, d.started_at
     FROM deliveries d JOIN routes r ON r.id = d.route
     WHERE d.id = ANY($1::bigint[]) AND d.relay = $2 AND d.state = ${RUNNING} ORDER BY d.id FOR UPDATE OF d`,
    bigints(settlements.map(({ delivery }) => delivery)),
    relay,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function end(tx: Transaction, settled: readonly Settled[], now: number): void {
  tx.query(
    `WITH ended AS (
       UPDATE deliveries d SET
         state = s.state, due_at = coalesce(s.due, d.due_at), error = coalesce(s.error, d.error),
         attempts = d.attempts - s.undone, finished_at = CASE WHEN s.state <> ${PENDING} THEN $2::bigint END,
         lane = CASE WHEN s.state = ${PENDING} THEN d.lane END, relay = NULL, lease_until = NULL
       FROM json_to_recordset($1::json) AS s(id bigint, state smallint, due bigint, error text, undone int)
       WHERE d.id = s.id AND d.id = ANY($3::bigint[]) RETURNING d.route, d.state
     ) ${
      counting(
        `SELECT route, ${RUNNING}::smallint AS state, -1 AS by FROM ended UNION ALL SELECT route, state, 1 FROM ended`,
      )
    }`,
    settled.map(({ held, attempt, next }) => ({
      id: held.id,
      state: STATES[next.state],
      due: next.state === "pending" ? next.dueAt : null,
      error: attempt?.error ?? null,
      undone: attempt === null ? 1 : 0,
    })),
    now,
    bigints(settled.map(({ held }) => held.id)),
  );
  for (const { route, next } of settled) if (next.state === "pending") tx.due(route);
}

function note(tx: Transaction, settled: readonly Settled[]): void {
  const attempts = settled.flatMap(({ held, attempt }) =>
    attempt
      ? [{
        delivery: held.id,
        round: held.round,
        ...attempt,
        sent: attempt.sent.length === 0 ? null : attempt.sent,
      }]
      : []
  );
  if (attempts.length === 0) return;
  tx.query(
    `INSERT INTO attempts (delivery, round, number, started_at, duration_ms, outcome, error, sent)
     SELECT * FROM json_to_recordset($1::json) AS a(delivery bigint, round int, number int, "startedAt" bigint,
       "durationMs" float8, outcome text, error text, sent json)`,
    attempts,
  );
}

/** Writes what routes are to remember; of several writes of a key the last counts. */
function remember(tx: Transaction, settled: readonly Settled[]): void {
  const writes = new Map(
    settled.flatMap(({ route, kv }) =>
      kv.map(({ key, value }) => [JSON.stringify([route, key]), { route, key, value }] as const)
    ),
  );
  if (writes.size === 0) return;
  const given =
    "json_to_recordset($1::json) AS w(route text, key text, value text) JOIN routes r ON r.name = w.route";
  tx.query(
    `INSERT INTO kv (route, key, value) SELECT r.id, w.key, w.value FROM ${given} WHERE w.value IS NOT NULL
     ORDER BY r.id, w.key ON CONFLICT (route, key) DO UPDATE SET value = excluded.value`,
    [...writes.values()],
  );
  tx.query(
    `DELETE FROM kv USING ${given} WHERE kv.route = r.id AND kv.key = w.key AND w.value IS NULL`,
    [...writes.values()],
  );
}
