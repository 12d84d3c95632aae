/**
 * Finds events by id and by coin.
 *
 * Ids are random, so an ordinary index would write a page for each event. Instead the keys of recent events are kept
 * in memory and moved to the tables `id_keys` and `coin_keys` in an order that puts many on a page. Nothing is lost
 * with the memory: the events themselves are the record, and what was not moved is read from them at the next start.
 *
 * @module
 */
import type { Bound, Connection } from "./connection.ts";
import { insertMany } from "./insert_many.ts";
import { RecentCoins } from "./recent_coins.ts";
import { RecentKeys } from "./recent_keys.ts";
import { textKey } from "./text_key.ts";
import type { Transaction } from "./transaction.ts";

/** Keys moved for each event that arrives while there are too many. */
const CATCHING_UP = 4;

/** The number under which an id is found in `id_keys`. */
export const idKey = (id: string): number => textKey(1, id);
/** The number under which a coin is found in `coin_keys`. */
export const coinKey = (coin: string): number => textKey(2, coin);

/** What is looked up of an event. */
export interface Known {
  seq: number;
  /** {@linkcode idKey} of its id. */
  key: number;
  coin: string | null;
}

/** The ids and coins of all events. */
export class Lookup {
  readonly #ids = new RecentKeys();
  readonly #coins = new RecentCoins();
  #through = 0;
  /** Once the hand has gone around {@linkcode RecentKeys}, all ids up to this event have been moved. */
  #roundFrom = 0;
  #anyMoved = false;

  /** @param most Events whose keys are kept in memory. */
  constructor(private readonly db: Connection, private readonly most: number) {}

  /** Takes in the events up to `through` that are not known yet. */
  load(through: number): void {
    const { ids, coins } = this.db.get<{ ids: number; coins: number }>(
      `SELECT (SELECT value FROM marks WHERE name = 'id_keys') AS ids,
              (SELECT value FROM marks WHERE name = 'coin_keys') AS coins`,
    )!;
    this.#anyMoved = ids > 0;
    const rows = this.db.each<{ seq: number; id: string; coin: string | null }>(
      "SELECT seq, id, coin FROM events WHERE seq > ?",
      Math.max(this.#through, Math.min(ids, coins)),
    );
    for (const { seq, id, coin } of rows) {
      if (seq > ids) this.#ids.add(idKey(id), seq);
      if (coin !== null && seq > coins) this.#coins.add(coin, seq);
    }
    if (this.#through === 0) {
      this.#roundFrom = through;
      this.#ids.beginRound();
    }
    this.#through = through;
  }

  /** The events that may have ids of these keys: some have other ids that share the key, and some may be gone. */
  withIds(keys: readonly number[]): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (const key of keys) if (this.#ids.has(key)) found.set(key, this.#ids.find(key));
    if (!this.#anyMoved) return found;
    const rows = this.db.all<{ key: number; seq: number }>(
      "SELECT id_keys.key, seq FROM json_each(?) AS wanted CROSS JOIN id_keys ON id_keys.key = wanted.value",
      JSON.stringify(keys),
    );
    for (const { key, seq } of rows) found.set(key, [...found.get(key) ?? [], seq]);
    return found;
  }

  /** The events that may have an id, of those that are not in `id_keys`. */
  recentWithId(key: number): number[] {
    return this.#ids.find(key);
  }

  /** The events of a coin that are not in `coin_keys`. */
  recentOfCoin(coin: string): number[] {
    return this.#coins.find(coin);
  }

  /** Adds a committed event. */
  add({ seq, key, coin }: Known): void {
    this.#ids.add(key, seq);
    if (coin !== null) this.#coins.add(coin, seq);
    this.#through = seq;
  }

  /** Moves keys to the tables when those of `arriving` more events would be too many. Once in a transaction. */
  makeRoom(tx: Transaction, arriving: number): void {
    this.#moveIds(tx, arriving);
    this.#moveCoins(tx, arriving);
  }

  /** Forgets the id of an event. */
  forgetId(tx: Transaction, key: number, seq: number): void {
    tx.db.run("DELETE FROM id_keys WHERE key = ? AND seq = ?", key, seq);
    tx.afterCommit(() => this.#ids.delete(key, seq));
  }

  /** Forgets the coin of an event. */
  forgetCoin(tx: Transaction, coin: string, seq: number): void {
    tx.db.run("DELETE FROM coin_keys WHERE key = ? AND seq = ?", coinKey(coin), seq);
    tx.afterCommit(() => this.#coins.delete(coin, seq));
  }

  #moveIds(tx: Transaction, arriving: number): void {
    const excess = this.#ids.size + arriving - this.most;
    if (excess <= 0) return;
    const batch = this.#ids.next(Math.min(excess, arriving * CATCHING_UP));
    insertMany(tx.db, "INSERT OR IGNORE INTO id_keys (key, seq)", 2, batch.entries.flat());
    if (this.#ids.roundDone) {
      tx.db.run("UPDATE marks SET value = ? WHERE name = 'id_keys'", this.#roundFrom);
      tx.afterCommit(() => {
        this.#roundFrom = this.#through;
        this.#ids.beginRound();
        this.#anyMoved = true;
      });
    }
    tx.afterCommit(() => {
      this.#anyMoved = true;
      this.#ids.drop(batch);
    });
  }

  #moveCoins(tx: Transaction, arriving: number): void {
    if (this.#coins.size + arriving <= this.most) return;
    if (this.#coins.elderGone) {
      tx.db.run("UPDATE marks SET value = max(value, ?) WHERE name = 'coin_keys'", this.#coins.through);
      this.#coins.age();
    }
    const leaving = this.#coins.next(arriving * CATCHING_UP);
    const values = leaving.flatMap(([coin, seqs]): Bound[] => {
      const key = coinKey(coin);
      return seqs.flatMap((seq) => [key, seq]);
    });
    insertMany(tx.db, "INSERT OR IGNORE INTO coin_keys (key, seq)", 2, values);
    tx.afterCommit(() => this.#coins.drop(leaving));
  }
}

/** The events that may have an id, of those in `id_keys`. */
export function movedIds(db: Connection, key: number): number[] {
  return db.all<{ seq: number }>("SELECT seq FROM id_keys WHERE key = ?", key).map(({ seq }) => seq);
}

/** The events that may be of a coin, of those in `coin_keys`. */
export function movedOfCoin(db: Connection, coin: string): number[] {
  return db.all<{ seq: number }>("SELECT seq FROM coin_keys WHERE key = ?", coinKey(coin)).map(({ seq }) =>
    seq
  );
}
