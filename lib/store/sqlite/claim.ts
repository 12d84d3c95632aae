/** Takes due deliveries under a lease. @module */
import type { Claimed, ClaimRequest, ClaimResult, ClaimRoute, Rate } from "../contract.ts";
import { allowance, type RateWindow, readAt, spend } from "../rate_window.ts";
import { giveBack } from "./give_back.ts";
import { setLanes } from "./lanes.ts";
import { type DeliveryRow, EVENT_COLUMNS, type EventRow, toDelivery, toEvent } from "./rows.ts";
import { PENDING, RUNNING } from "../states.ts";
import type { Transaction } from "./transaction.ts";

/** See `Store.claim`. */
export function claim(tx: Transaction, request: ClaimRequest): ClaimResult {
  giveBack(tx, "its lease ended: the relay that ran it stopped or was cut off", request.now, request.holding);
  const rows: DeliveryRow[] = [];
  let nextDueAt: number | null = null;
  for (const asked of request.routes) {
    const route = tx.routes.id(asked.route);
    setLanes(tx, route, asked.order === "coin");
    const taken = take(tx, route, asked, request.now);
    rows.push(...taken.rows);
    if (taken.nextDueAt !== null) nextDueAt = Math.min(nextDueAt ?? Infinity, taken.nextDueAt);
  }
  mark(tx, rows, request);
  return { claimed: withEvents(tx, rows), nextDueAt };
}

/** Makes pending deliveries run, under a lease. */
function mark(tx: Transaction, rows: readonly DeliveryRow[], { relay, leaseUntil, now }: ClaimRequest): void {
  if (rows.length === 0) return;
  const ids = JSON.stringify(rows.map(({ id }) => id));
  tx.db.run(
    `UPDATE deliveries SET state = ${RUNNING}, attempts = attempts + 1 WHERE id IN (SELECT value FROM json_each(?))`,
    ids,
  );
  tx.db.run("INSERT INTO leases SELECT value, ?, ?, ? FROM json_each(?)", relay, leaseUntil, now, ids);
  for (const row of rows) {
    row.attempts++;
    tx.move(row.route, PENDING, row.state = RUNNING);
  }
}

function take(
  tx: Transaction,
  route: number,
  { limit, rate }: ClaimRoute,
  now: number,
): { rows: DeliveryRow[]; nextDueAt: number | null } {
  let pace = rate && paceOf(tx, route, rate, now);
  const most = Math.min(limit, pace?.free ?? limit);
  // One more than may be taken: the first that is not taken is the next.
  const first = tx.db.all<DeliveryRow>(
    `SELECT * FROM deliveries WHERE route = ? AND state = ${PENDING} ORDER BY due_at, id LIMIT ?`,
    route,
    most + 1,
  );
  const rows = first.slice(0, most).filter(({ due_at }) => due_at <= now);
  if (rate && pace && rows.length > 0) {
    pace = keep(tx, route, rate, now, spend(pace.window, rate, now, rows.length));
  }
  const next = first[rows.length];
  return { rows, nextDueAt: next ? Math.max(next.due_at, pace?.nextAt ?? next.due_at) : null };
}

interface Pace {
  window: RateWindow;
  free: number;
  nextAt: number;
}

function paceOf(tx: Transaction, route: number, rate: Rate, now: number): Pace {
  const { claims } = tx.db.get<{ claims: string }>("SELECT claims FROM routes WHERE id = ?", route)!;
  const kept: RateWindow = JSON.parse(claims);
  const window = readAt(kept, rate, now);
  return window === kept ? { window, ...allowance(window, rate, now) } : keep(tx, route, rate, now, window);
}

function keep(tx: Transaction, route: number, rate: Rate, now: number, window: RateWindow): Pace {
  tx.db.run("UPDATE routes SET claims = ? WHERE id = ?", JSON.stringify(window), route);
  return { window, ...allowance(window, rate, now) };
}

function withEvents(tx: Transaction, rows: readonly DeliveryRow[]): Claimed[] {
  if (rows.length === 0) return [];
  const found = tx.db.all<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE seq IN (SELECT value FROM json_each(?))`,
    JSON.stringify([...new Set(rows.map(({ event }) => event))]),
  );
  const events = new Map(found.map((row) => [row.seq, toEvent(row)]));
  return rows.map((row) => ({ delivery: toDelivery(row, tx.routes), event: events.get(row.event)! }));
}
