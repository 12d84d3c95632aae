/** Appends events with their deliveries, each once. @module */
import type { Appended, NewEvent } from "../contract.ts";
import { enter } from "./lanes.ts";
import type { Transaction } from "./transaction.ts";

/** Appends in the order given; an event whose (source, id) is known is a duplicate and leaves no trace. */
export function append(tx: Transaction, events: readonly NewEvent[]): Appended[] {
  return events.map((event) => appendOne(tx, event));
}

function appendOne(tx: Transaction, event: NewEvent): Appended {
  const remembered = tx.db.get(
    "SELECT 1 FROM remembered WHERE id = ? AND source = ?",
    event.id,
    event.source,
  );
  if (remembered) return { result: "duplicate" };
  const row = tx.db.get<{ seq: number }>(
    `INSERT INTO events (seq, source, id, type, coin, received_at, timestamp, signature, test, depth, body)
     VALUES (1 + max((SELECT seq FROM last_seq), (SELECT coalesce(max(seq), 0) FROM events)),
             ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id, source) DO NOTHING RETURNING seq`,
    event.source,
    event.id,
    event.type,
    event.coin,
    event.receivedAt,
    event.timestamp,
    event.signature,
    Number(event.test),
    event.depth,
    event.body,
  );
  if (!row) return { result: "duplicate" };
  tx.appended(row.seq);
  for (const { route, matched, dueAt } of event.deliveries) {
    const id = tx.routes.id(route);
    const { state, lane } = enter(tx, id, event.coin);
    tx.db.run(
      `INSERT INTO deliveries (event, route, state, due_at, created_at, lane, matched) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      row.seq,
      id,
      state,
      dueAt,
      event.receivedAt,
      lane,
      matched && JSON.stringify(matched),
    );
    tx.count(id, state, 1);
  }
  return { result: "accepted", seq: row.seq };
}
