/**
 * Finds events by id.
 *
 * Ids are random, so an ordinary index would write a page for each event. Instead the keys of recent events are kept
 * in memory and moved to the table `id_keys` in the order of the keys, many to a page. Nothing is lost with the
 * memory: the events themselves are the record, and what was not moved is read from them at the next start.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import { insertMany } from "./insert_many.ts";
import { RecentKeys } from "./recent_keys.ts";
import { textKey } from "./text_key.ts";
import type { Transaction } from "./transaction.ts";

/** Keys are moved by so many at once, for the sake of the statements; */
const MOVE_AT_LEAST = 64;
/** and up to so many for each event that arrives, when a start has found too many. */
const CATCHING_UP = 4;

/** The number under which an id is found. */
export const idKey = (id: string): number => textKey(1, id);

/** The ids of all events. */
export class KnownIds {
  readonly #recent = new RecentKeys();
  #through = 0;
  /** Once the hand has gone around {@linkcode RecentKeys}, the keys of all events up to this one have been moved. */
  #roundFrom = 0;
  #anyMoved = false;

  /** @param most Events whose keys are kept in memory. */
  constructor(private readonly db: Connection, private readonly most: number) {}

  /** Takes in the events up to `through` that are not known yet. */
  load(through: number): void {
    const moved = this.db.get<{ value: number }>("SELECT value FROM marks WHERE name = 'id_keys'")!.value;
    this.#anyMoved = moved > 0;
    const rows = this.db.each<{ seq: number; id: string }>(
      "SELECT seq, id FROM events WHERE seq > ?",
      Math.max(this.#through, moved),
    );
    for (const { seq, id } of rows) this.#recent.add(idKey(id), seq);
    if (this.#through === 0) {
      this.#roundFrom = through;
      this.#recent.beginRound();
    }
    this.#through = through;
  }

  /** The events that may have ids of these keys: some have other ids that share the key, and some may be gone. */
  withKeys(keys: readonly number[]): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (const key of keys) if (this.#recent.has(key)) found.set(key, this.#recent.find(key));
    if (!this.#anyMoved) return found;
    const rows = this.db.all<{ key: number; seq: number }>(
      "SELECT id_keys.key, seq FROM json_each(?) AS wanted CROSS JOIN id_keys ON id_keys.key = wanted.value",
      JSON.stringify(keys),
    );
    for (const { key, seq } of rows) found.set(key, [...found.get(key) ?? [], seq]);
    return found;
  }

  /** The events that may have an id, of those that are in memory only. */
  recent(id: string): number[] {
    return this.#recent.find(idKey(id));
  }

  /** Adds a committed event. */
  add(key: number, seq: number): void {
    this.#recent.add(key, seq);
    this.#through = seq;
  }

  /** Moves keys to the table when those of `arriving` more events would be too many. Once in a transaction. */
  makeRoom(tx: Transaction, arriving: number): void {
    const excess = this.#recent.size + arriving - this.most;
    if (excess < Math.min(MOVE_AT_LEAST, this.most)) return;
    const batch = this.#recent.next(Math.min(excess, Math.max(MOVE_AT_LEAST, arriving * CATCHING_UP)));
    insertMany(tx.db, "INSERT OR IGNORE INTO id_keys (key, seq)", 2, batch.entries.flat());
    if (this.#recent.roundDone) {
      tx.db.run("UPDATE marks SET value = ? WHERE name = 'id_keys'", this.#roundFrom);
      tx.afterCommit(() => {
        this.#roundFrom = this.#through;
        this.#recent.beginRound();
      });
    }
    tx.afterCommit(() => {
      this.#anyMoved = true;
      this.#recent.drop(batch);
    });
  }

  /** Forgets the id of an event. */
  forget(tx: Transaction, id: string, seq: number): void {
    tx.db.run("DELETE FROM id_keys WHERE key = ? AND seq = ?", idKey(id), seq);
    tx.afterCommit(() => this.#recent.delete(idKey(id), seq));
  }
}

/** The events that may have an id, of those in `id_keys`. */
export function movedWithId(db: Connection, id: string): number[] {
  return db.all<{ seq: number }>("SELECT seq FROM id_keys WHERE key = ?", idKey(id)).map(({ seq }) => seq);
}
