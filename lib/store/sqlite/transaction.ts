/** One write transaction, with the bookkeeping that every write has in common. @module */
import type { CommitNews } from "../contract.ts";
import type { Connection } from "./connection.ts";
import type { RouteIds } from "./routes.ts";
import { PENDING } from "./states.ts";

/** A write transaction. It keeps the counters true, and gathers what others want to know of it. */
export class Transaction {
  readonly #counts = new Map<string, { route: number; state: number; by: number }>();
  readonly #due = new Set<number>();
  #lastSeq: number | null = null;

  constructor(readonly db: Connection, readonly routes: RouteIds) {}

  /** Tells that `by` more (or fewer) deliveries of a route are in a state. Pending ones are news. */
  count(route: number, state: number, by: number): void {
    const key = `${route} ${state}`;
    const known = this.#counts.get(key);
    if (known) known.by += by;
    else this.#counts.set(key, { route, state, by });
    if (state === PENDING && by > 0) this.#due.add(route);
  }

  /** Tells that a route has work due. */
  due(route: number): void {
    this.#due.add(route);
  }

  /** Tells that a delivery went from one state to another. */
  move(route: number, from: number, to: number): void {
    this.count(route, from, -1);
    this.count(route, to, 1);
  }

  /** Tells that an event was appended. */
  appended(seq: number): void {
    this.#lastSeq = seq;
  }

  /** Writes the counters. The last thing before the commit. */
  finish(): void {
    for (const { route, state, by } of this.#counts.values()) {
      if (by === 0) continue;
      this.db.run(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        route,
        state,
        by,
      );
    }
  }

  /** What the commit brought; null when nobody need know. */
  news(): CommitNews | null {
    if (this.#lastSeq === null && this.#due.size === 0) return null;
    return { lastSeq: this.#lastSeq, routes: [...this.#due].map((id) => this.routes.name(id)) };
  }
}
