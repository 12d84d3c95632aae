/** Takes due deliveries under a lease. @module */
import type { Claimed, ClaimRequest, ClaimResult, ClaimRoute } from "../contract.ts";
import { bigints } from "./arrays.ts";
import { counting, moving } from "./counters.ts";
import { giveBack } from "./give_back.ts";
import { type Paces, readPaces, refundPaces, spendPaces } from "./pace.ts";
import {
  DELIVERY_COLUMNS,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  toDelivery,
  toEvent,
} from "./rows.ts";
import { PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** What a claim came to. */
export interface ClaimOutcome extends ClaimResult {
  /** Routes that do not keep order as asked, so that nothing was taken of them: theirs is to be set first. */
  reorder: ClaimRoute[];
}

/**
 * See `Store.claim`. Its statements go out without waiting for each other's answers, unless a route has a rate. The
 * outcome is there once the transaction has ended.
 *
 * @param doubtful Whether an earlier claim of this relay may have taken what the relay never got to know of: that is
 * made pending first, so that nothing waits for the end of a lease.
 */
export async function claim(
  tx: Transaction,
  request: ClaimRequest,
  doubtful = false,
): Promise<() => Promise<ClaimOutcome>> {
  const { now, routes } = request;
  tx.script(tx.locks.underOrders);
  if (doubtful && request.holding) await undo(tx, request.relay, request.holding);
  tx.also(
    giveBack(tx, "its lease ended: the relay that ran it stopped or was cut off", now, request.holding),
  );
  const known = tx.query<{ name: string; lanes: boolean }>(
    "SELECT name, lanes FROM routes WHERE name IN (SELECT value FROM json_array_elements_text($1::json))",
    routes.map(({ route }) => route),
  );
  const paces = await readPaces(tx, routes, now);
  const asked = routes.map(({ route, limit, order }, nth) => ({
    nth,
    route,
    lanes: order === "coin",
    free: Math.min(limit, paces.get(route)?.free ?? limit),
  }));
  const held = bigints(request.holding ?? []);
  const taken = tx.query<TakenRow>(TAKE, asked, now, request.relay, request.leaseUntil, held);
  if (paces.size > 0) spendPaces(tx, paces, (await taken).map(({ route }) => route), now);
  const next = tx.query<NextRow>(NEXT, asked, held);
  return async () => {
    const lanes = new Map((await known).map((row) => [row.name, row.lanes]));
    return {
      claimed: (await taken).map(toClaimed),
      nextDueAt: earliest(await next, paces),
      reorder: routes.filter(({ route, order }) => lanes.get(route) !== (order === "coin")),
    };
  };
}

/** Makes pending what a relay has, but does not hold: nothing was tried. */
async function undo(tx: Transaction, relay: string, holding: readonly number[]): Promise<void> {
  const undone = await tx.query<{ route: string; started_at: number }>(
    `WITH undone AS (
       UPDATE deliveries SET state = ${PENDING}, attempts = attempts - 1, relay = NULL, lease_until = NULL
       WHERE state = ${RUNNING} AND relay = $1
         AND id <> ALL($2::bigint[])
       RETURNING route, started_at
     ), counted AS (${counting(moving("undone", RUNNING, PENDING))})
     SELECT name AS route, started_at FROM undone JOIN routes r ON r.id = undone.route`,
    relay,
    bigints(holding),
  );
  await refundPaces(tx, undone);
}

const ASKED = "json_to_recordset($1::json) AS a(nth int, route text, lanes boolean, free int)";

const TAKE = `
WITH due AS (
  SELECT found.id FROM ${ASKED} JOIN routes r ON r.name = a.route AND r.lanes = a.lanes
  CROSS JOIN LATERAL (
    SELECT id FROM deliveries WHERE route = r.id AND state = ${PENDING} AND due_at <= $2
      AND id <> ALL($5::bigint[])
    ORDER BY due_at, id LIMIT a.free FOR UPDATE SKIP LOCKED
  ) AS found
), taken AS (
  UPDATE deliveries d
  SET state = ${RUNNING}, attempts = d.attempts + 1, relay = $3, lease_until = $4, started_at = $2
  WHERE id = ANY(ARRAY(SELECT id FROM due)) RETURNING d.*
), counted AS (${counting(moving("taken", PENDING, RUNNING))})
SELECT ${DELIVERY_COLUMNS}, ${EVENT_COLUMNS.replace("e.id", "e.id AS event_id")}
FROM taken d JOIN routes r ON r.id = d.route
CROSS JOIN LATERAL (SELECT * FROM events WHERE seq = d.event LIMIT 1) AS e
ORDER BY (SELECT a.nth FROM ${ASKED} WHERE a.route = r.name LIMIT 1), d.due_at, d.id`;

const NEXT = `
SELECT a.route, found.due_at FROM ${ASKED} JOIN routes r ON r.name = a.route AND r.lanes = a.lanes
CROSS JOIN LATERAL (
  SELECT due_at FROM deliveries WHERE route = r.id AND state = ${PENDING} AND id <> ALL($2::bigint[])
  ORDER BY due_at, id LIMIT 1
) AS found`;

type TakenRow = DeliveryRow & Omit<EventRow, "id"> & { event_id: string };

interface NextRow {
  route: string;
  due_at: number;
}

function toClaimed(row: TakenRow): Claimed {
  return { delivery: toDelivery(row), event: toEvent({ ...row, id: row.event_id }) };
}

function earliest(rows: readonly NextRow[], paces: Paces): number | null {
  if (rows.length === 0) return null;
  return Math.min(...rows.map(({ route, due_at }) => Math.max(due_at, paces.get(route)?.nextAt ?? due_at)));
}
