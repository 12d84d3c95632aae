/** One write transaction, with the bookkeeping that every write has in common. @module */
import type { CommitNews } from "../contract.ts";
import type { Connection } from "./connection.ts";
import type { EventLog, Fresh } from "./event_log.ts";
import type { RouteIds } from "./routes.ts";
import { PENDING } from "../states.ts";

/** A write transaction. It keeps the counters true, and gathers what others want to know of it. */
export class Transaction {
  /** The events that it appends. */
  readonly fresh: Fresh[] = [];
  readonly #byKey = new Map<number, Fresh>();
  readonly #counts = new Map<number, number>();
  readonly #due = new Set<number>();
  readonly #afterCommit: (() => void)[] = [];

  constructor(readonly db: Connection, readonly routes: RouteIds, readonly log: EventLog) {}

  /** Takes an event into it. */
  take(event: Fresh): void {
    this.fresh.push(event);
    this.#byKey.set(event.key, event);
  }

  /** Whether it appends an event of that source and id. */
  has({ key, source, id }: Fresh): boolean {
    const isIt = (one: Fresh) => one.id === id && one.source === source;
    const found = this.#byKey.get(key);
    return found !== undefined && (isIt(found) || this.fresh.some(isIt)); // two ids may share a key
  }

  /** Tells that `by` more (or fewer) deliveries of a route are in a state. Pending ones are news. */
  count(route: number, state: number, by: number): void {
    const key = route * STATES + state;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
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

  /** Has `action` done once the transaction is committed: what is kept in memory changes only then. */
  afterCommit(action: () => void): void {
    this.#afterCommit.push(action);
  }

  /** Writes what was gathered. The last thing before the commit. */
  finish(): void {
    for (const [key, by] of this.#counts) {
      if (by === 0) continue;
      this.db.run(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        Math.floor(key / STATES),
        key % STATES,
        by,
      );
    }
    if (this.fresh.length > 0) this.log.finish(this);
  }

  /** Right after the commit. */
  committed(): void {
    for (const action of this.#afterCommit) action();
  }

  /** What the commit brought; null when nobody need know. */
  news(): CommitNews | null {
    if (this.fresh.length === 0 && this.#due.size === 0) return null;
    return {
      lastSeq: this.fresh.at(-1)?.seq ?? null,
      routes: Array.from(this.#due, (id) => this.routes.name(id)),
    };
  }
}

/** More than there are states: makes one number of a route and a state. */
const STATES = 8;
