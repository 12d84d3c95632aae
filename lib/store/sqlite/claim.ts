/** Takes due deliveries under a lease. @module */
import type { StoredEvent } from "../../nouns.ts";
import type { Claimed, ClaimRequest, ClaimResult, ClaimRoute } from "../contract.ts";
import { allowance, type Rate, type RateWindow, rewind, spend } from "../rate_window.ts";
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
  for (const row of rows) {
    tx.db.run(`UPDATE deliveries SET state = ${RUNNING}, attempts = ? WHERE id = ?`, ++row.attempts, row.id);
    tx.db.run(
      "INSERT INTO leases VALUES (?, ?, ?, ?)",
      row.id,
      request.relay,
      request.leaseUntil,
      request.now,
    );
    tx.move(row.route, PENDING, row.state = RUNNING);
  }
  return { claimed: withEvents(tx, rows), nextDueAt };
}

function take(
  tx: Transaction,
  route: number,
  { limit, rate }: ClaimRoute,
  now: number,
): { rows: DeliveryRow[]; nextDueAt: number | null } {
  let pace = rate && paceOf(tx, route, rate, now);
  const rows = tx.db.all<DeliveryRow>(
    `SELECT * FROM deliveries WHERE route = ? AND state = ${PENDING} AND due_at <= ? ORDER BY due_at, id LIMIT ?`,
    route,
    now,
    Math.min(limit, pace?.free ?? limit),
  );
  if (rate && pace && rows.length > 0) {
    pace = keep(tx, route, rate, now, spend(pace.window, rate, now, rows.length));
  }
  // The rows taken are still pending here: the first that is not among them is the next.
  const next = tx.db.get<{ due_at: number }>(
    `SELECT due_at FROM deliveries WHERE route = ? AND state = ${PENDING} ORDER BY due_at, id LIMIT 1 OFFSET ?`,
    route,
    rows.length,
  );
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
  const window = rewind(kept, rate, now);
  return window === kept ? { window, ...allowance(window, rate, now) } : keep(tx, route, rate, now, window);
}

function keep(tx: Transaction, route: number, rate: Rate, now: number, window: RateWindow): Pace {
  tx.db.run("UPDATE routes SET claims = ? WHERE id = ?", JSON.stringify(window), route);
  return { window, ...allowance(window, rate, now) };
}

function withEvents(tx: Transaction, rows: readonly DeliveryRow[]): Claimed[] {
  const events = new Map<number, StoredEvent>();
  for (const { event } of rows) {
    if (events.has(event)) continue;
    events.set(
      event,
      toEvent(tx.db.get<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE seq = ?`, event)!),
    );
  }
  return rows.map((row) => ({ delivery: toDelivery(row, tx.routes), event: events.get(row.event)! }));
}
