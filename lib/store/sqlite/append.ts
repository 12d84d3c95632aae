/** Appends events with their deliveries, each once. @module */
import type { Appended, NewEvent } from "../contract.ts";
import type { Bound } from "./connection.ts";
import type { Fresh } from "./event_log.ts";
import { insertMany } from "./insert_many.ts";
import { enter } from "./lanes.ts";
import type { Transaction } from "./transaction.ts";

/** Appends in the order given; an event whose (source, id) is known is a duplicate and leaves no trace. */
export function append(tx: Transaction, events: readonly NewEvent[]): Appended[] {
  if (events.length === 0) return [];
  if (tx.fresh.length === 0) tx.log.catchUp();
  const taken = tx.log.take(tx, events);
  tx.log.insert(tx, taken.filter((one) => one !== null));
  plan(tx, taken, events);
  return taken.map((one) => one ? { result: "accepted", seq: one.seq } : { result: "duplicate" });
}

/** Makes the deliveries of those of `events` that were taken. */
function plan(tx: Transaction, taken: readonly (Fresh | null)[], events: readonly NewEvent[]): void {
  const values: Bound[] = [];
  const flush = () => {
    const insert = "INSERT INTO deliveries (event, route, state, due_at, created_at, lane, matched)";
    insertMany(tx.db, insert, 7, values.splice(0));
  };
  taken.forEach((fresh, index) => {
    if (fresh === null) return;
    const { deliveries, receivedAt } = events[index]!;
    for (const { route, matched, dueAt } of deliveries) {
      const id = tx.routes.id(route);
      const { state, lane } = enter(tx, id, fresh.coin);
      values.push(fresh.seq, id, state, dueAt, receivedAt, lane, matched && JSON.stringify(matched));
      tx.count(id, state, 1);
      if (lane !== null) flush(); // the next of this lane must see it
    }
  });
  flush();
}
