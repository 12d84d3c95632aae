/** What a person does with deliveries: retry, discard, replay. In steps, so that large wishes delay no one. @module */
import { all, type Condition, where } from "../conditions.ts";
import type { DeliveryFilter, ReplayWish } from "../contract.ts";
import { bigints } from "./arrays.ts";
import { counting, moving } from "./counters.ts";
import { anyOf, numbered, ofDeliveries } from "./conditions.ts";
import { advance, entering, laneOf, type Left } from "./lanes.ts";
import { BEHIND, DEAD, discardable, DISCARDED, PENDING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** How many deliveries one transaction changes. */
export const STEP = 500;

/** What one step did, and the delivery after which the next begins; null when all is done. */
export interface Step {
  changed: number;
  after: number | null;
}

/** Makes dead and waiting deliveries due at `now`. */
export async function retry(
  tx: Transaction,
  filter: DeliveryFilter,
  now: number,
  after: number,
): Promise<Step> {
  const wanted = all([
    ofDeliveries(filter),
    where(
      `(d.state IN (${DEAD}, ${DISCARDED}) OR d.state IN (${PENDING}, ${BEHIND}) AND (d.due_at > ? OR d.attempts > 0))`,
      now,
    ),
  ]);
  tx.script(tx.locks.underOrders);
  const found = await next(tx, wanted, after);
  tx.query(tx.locks.lanes, [...new Set(found.map(({ route }) => route))]);
  const ids = await hold(tx, found, wanted);
  const due = await tx.query<{ name: string }>(
    `WITH chosen AS (
       SELECT d.id, d.route, d.state AS was,
         CASE WHEN d.state IN (${PENDING}, ${BEHIND}) THEN d.lane WHEN r.lanes THEN ${
      laneOf("e.coin")
    } END AS lane
       FROM deliveries d JOIN routes r ON r.id = d.route JOIN events e ON e.seq = d.event
       WHERE d.id = ANY($1::bigint[])
     ), placed AS (
       SELECT id, was, lane,
         CASE WHEN was IN (${PENDING}, ${BEHIND}) THEN was ELSE ${entering("chosen", "id")} END AS state
       FROM chosen
     ), changed AS (
       UPDATE deliveries d
       SET state = p.state, lane = p.lane, due_at = $2, finished_at = NULL, attempts = 0, round = d.round + 1
       FROM placed p WHERE d.id = p.id AND d.id = ANY($1::bigint[]) RETURNING d.route, p.was, d.state
     ), counted AS (${counting(moving("changed", "was", "state"))})
     SELECT DISTINCT name FROM changed JOIN routes r ON r.id = changed.route WHERE state = ${PENDING}`,
    bigints(ids),
    now,
  );
  for (const { name } of due) tx.due(name);
  return step(found, ids);
}

/** Discards dead letters, and what waits where the filter names that state. */
export async function discard(
  tx: Transaction,
  filter: DeliveryFilter,
  now: number,
  after: number,
): Promise<Step> {
  const states = discardable(filter);
  const wanted = ofDeliveries({ ...filter, states, discarded: false });
  const waiting = states.includes("pending");
  if (waiting) tx.script(tx.locks.underOrders);
  const found = await next(tx, wanted, after);
  if (waiting) tx.query(tx.locks.lanes, [...new Set(found.map(({ route }) => route))]);
  const ids = await hold(tx, found, wanted);
  const left = await tx.query<Left>(
    `WITH chosen AS (
       SELECT id, state AS was, lane FROM deliveries WHERE id = ANY($1::bigint[])
     ), changed AS (
       UPDATE deliveries d
       SET state = ${DISCARDED}, lane = NULL, finished_at = coalesce(d.finished_at, $2::bigint)
       FROM chosen c WHERE d.id = c.id AND d.id = ANY($1::bigint[]) RETURNING d.route, c.was, c.lane
     ), counted AS (${counting(moving("changed", "was", DISCARDED))})
     SELECT DISTINCT r.name AS route, encode(lane, 'hex') AS lane
     FROM changed JOIN routes r ON r.id = changed.route WHERE was = ${PENDING} AND lane IS NOT NULL`,
    bigints(ids),
    now,
  );
  tx.also(advance(tx, left));
  return step(found, ids);
}

/** Makes new deliveries of stored events; answers their ids. A wish for an event that is gone is left out. */
export async function replay(tx: Transaction, wishes: readonly ReplayWish[], now: number): Promise<number[]> {
  tx.script(`${tx.locks.underOrders}; ${tx.locks.sequence}`);
  tx.query(tx.locks.lanes, wishes.map(({ route }) => route));
  // Held, so that none is deleted meanwhile.
  tx.query(
    "SELECT 1 FROM events WHERE seq = ANY($1::bigint[]) ORDER BY seq FOR KEY SHARE",
    bigints(wishes.map(({ event }) => event)),
  );
  const [answer] = await tx.query<{ ids: number[] | null; due: string[] | null }>(
    `WITH wished AS (
       SELECT nth, w.event, r.id AS route, matched, "replayOf", CASE WHEN r.lanes THEN ${
      laneOf("e.coin")
    } END AS lane
       FROM json_to_recordset($1::json) AS w(nth int, event bigint, route text, matched json, "replayOf" bigint)
       CROSS JOIN LATERAL (SELECT coin FROM events WHERE seq = w.event LIMIT 1) AS e LEFT JOIN routes r ON r.name = w.route
     ), placed AS (
       INSERT INTO deliveries (event, route, state, due_at, created_at, lane, matched, replay_of)
       SELECT event, route, ${
      entering("wished", "nth")
    }, $2, $2, lane, matched, "replayOf" FROM wished ORDER BY nth
       RETURNING id, route, state
     ), counted AS (${counting("SELECT route, state, 1 AS by FROM placed")})
     SELECT
       (SELECT json_agg(id ORDER BY id) FROM placed) AS ids,
       (SELECT json_agg(DISTINCT name) FROM placed JOIN routes r ON r.id = placed.route WHERE state = ${PENDING}) AS due`,
    wishes.map((wish, nth) => ({ nth, ...wish })),
    now,
  );
  for (const route of answer?.due ?? []) tx.due(route);
  return answer?.ids ?? [];
}

interface Found {
  id: number;
  route: string;
}

/** The next deliveries that are wanted. */
function next(tx: Transaction, wanted: Condition, after: number): Promise<Found[]> {
  return tx.query<Found>(
    numbered(
      `SELECT d.id, r.name AS route FROM deliveries d JOIN routes r ON r.id = d.route
       WHERE ${wanted.sql} AND d.id > ? ORDER BY d.id LIMIT ${STEP}`,
    ),
    ...wanted.bound,
    after,
  );
}

/** Locks those that are still wanted. */
async function hold(tx: Transaction, found: readonly Found[], wanted: Condition): Promise<number[]> {
  const { sql, bound } = all([wanted, anyOf("d.id", found.map(({ id }) => id))]);
  const rows = await tx.query<Found>(
    numbered(`SELECT d.id FROM deliveries d WHERE ${sql} ORDER BY d.id FOR UPDATE OF d`),
    ...bound,
  );
  return rows.map(({ id }) => id);
}

function step(found: readonly Found[], changed: readonly number[]): Step {
  return { changed: changed.length, after: found.length < STEP ? null : found.at(-1)!.id };
}
