/**
 * Finds events by id.
 *
 * Ids are random, so an ordinary index would write a page for each event. Instead the keys of recent events are kept
 * in memory and moved to the table `id_keys` in the order of the keys, many to a page. Nothing is lost with the
 * memory: what was not moved is read at the next start, from {@linkcode KeyBlocks}, and for the newest events from the
 * events themselves, which are the record.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import { insertMany } from "./insert_many.ts";
import { KeyBlocks } from "./key_blocks.ts";
import { passed, RecentKeys } from "./recent_keys.ts";
import type { Sizes } from "./sizes.ts";
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
  readonly #blocks: KeyBlocks;
  readonly #most: number;
  #through = 0;
  #loaded = false;
  #anyMoved = false;

  /** @param moves Whether this process moves keys to the table: only the one that has the file to itself. */
  constructor(
    private readonly db: Connection,
    { recentIds, blockEvents }: Pick<Sizes, "recentIds" | "blockEvents">,
    private readonly moves: boolean,
  ) {
    this.#most = recentIds;
    this.#blocks = new KeyBlocks(db, blockEvents);
  }

  /** Takes in the events up to `through` that are not known yet. */
  load(through: number): void {
    if (!this.#loaded) this.#begin();
    this.#anyMoved ||= this.db.get("SELECT 1 FROM id_keys LIMIT 1") !== undefined;
    const rows = this.db.each<{ seq: number; id: string }>(
      "SELECT seq, id FROM events WHERE seq > ?",
      this.#through,
    );
    for (const { seq, id } of rows) this.add(idKey(id), seq);
    this.#through = through;
  }

  /** Takes in what earlier processes have written down and not moved. */
  #begin(): void {
    const { value: moved } = this.db.get<{ value: number }>(
      "SELECT value FROM marks WHERE name = 'id_keys'",
    )!;
    const { turns: now, keys } = this.#blocks.summary();
    this.#through = moved;
    this.#recent.begin(now, Math.min(this.#most, keys / 2)); // of a turn's keys half are still in memory on average
    this.#blocks.read((key, seq, turns) => {
      if (!passed(key, turns, now)) this.#recent.add(key, seq);
      this.#through = seq;
    });
    this.#loaded = true;
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
    this.#blocks.add(key, seq);
    this.#through = seq;
  }

  /**
   * Writes down the keys that are not yet, and moves keys to the table when those of `arriving` more events would be too
   * many. Once in a transaction.
   */
  makeRoom(tx: Transaction, arriving: number): void {
    if (!this.moves) return;
    this.#blocks.write(tx, this.#recent.turns);
    const excess = this.#recent.size + arriving - this.#most;
    if (excess < Math.min(MOVE_AT_LEAST, this.#most)) return;
    const batch = this.#recent.next(Math.min(excess, Math.max(MOVE_AT_LEAST, arriving * CATCHING_UP)));
    insertMany(tx.db, "INSERT OR IGNORE INTO id_keys (key, seq)", 2, batch.entries.flat());
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
