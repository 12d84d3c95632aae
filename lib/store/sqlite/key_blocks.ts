/**
 * Keeps the keys of recent events in the order of the events, some thousand to a row, so that a start reads these
 * instead of the events.
 *
 * @module
 */
import { BLOCK_SPAN } from "./block_coins.ts";
import type { Connection } from "./connection.ts";
import type { Entry } from "./recent_keys.ts";
import type { Transaction } from "./transaction.ts";

const KEY_BYTES = 8, OFFSET_BYTES = 2;

/** A row of `key_blocks`. */
interface Row {
  first: number;
  /** Where the hand of `RecentKeys` was when it had all of these keys. */
  turns: number;
  keys: Uint8Array;
}

/** Takes note of keys, and writes them down when they are many enough for a row. */
export class KeyBlocks {
  #open: Entry[] = [];

  /** @param most Keys of a row. */
  constructor(private readonly db: Connection, private readonly most: number) {}

  /** How far the hand had come when the last row was written, or farther; and how many keys are written down. */
  summary(): { turns: number; keys: number } {
    return this.db.get<{ turns: number; keys: number }>(
      `SELECT coalesce(max(turns), 0) AS turns, coalesce(sum(length(keys)), 0) / ${
        KEY_BYTES + OFFSET_BYTES
      } AS keys FROM key_blocks`,
    )!;
  }

  /** Gives each key that is written down, in the order of the events, with where the hand was when it had the key. */
  read(give: (key: number, seq: number, turns: number) => void): void {
    const rows = this.db.each<Row>("SELECT first, turns, keys FROM key_blocks ORDER BY first");
    for (const { first, turns, keys } of rows) {
      const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
      const count = keys.byteLength / (KEY_BYTES + OFFSET_BYTES);
      for (let index = 0; index < count; index++) {
        const offset = view.getUint16(count * KEY_BYTES + index * OFFSET_BYTES, true);
        give(view.getFloat64(index * KEY_BYTES, true), first + offset, turns);
      }
    }
  }

  /** Adds the key of a committed event. */
  add(key: number, seq: number): void {
    this.#open.push([key, seq]);
  }

  /** Writes down the keys that were added before, when they are enough. `turns` is where the hand is now. */
  write(tx: Transaction, turns: number): void {
    let written = 0;
    while (this.#open.length - written >= this.most) {
      const entries = this.#open.slice(written, written + this.most);
      const first = entries[0]![1];
      const far = entries.findIndex(([, seq]) => seq - first >= BLOCK_SPAN);
      if (far > 0) entries.length = far;
      tx.db.run(
        "INSERT INTO key_blocks VALUES (?, ?, ?, ?)",
        first,
        entries.at(-1)![1],
        turns,
        keysOf(entries, first),
      );
      written += entries.length;
    }
    if (written === 0) return;
    this.#forgetMoved(tx, turns);
    tx.afterCommit(() => this.#open.splice(0, written));
  }

  /** Deletes what a whole turn of the hand has moved since. */
  #forgetMoved(tx: Transaction, turns: number): void {
    const { first } = tx.db.get<{ first: number }>(
      "SELECT min(first) AS first FROM key_blocks WHERE turns > ?",
      turns - 1,
    )!;
    if (tx.db.run("DELETE FROM key_blocks WHERE first < ?", first) === 0) return;
    tx.db.run("UPDATE marks SET value = ? WHERE name = 'id_keys'", first - 1);
  }
}

/** Keys, then for each its event's distance from the first. */
function keysOf(entries: readonly Entry[], first: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(entries.length * (KEY_BYTES + OFFSET_BYTES)));
  entries.forEach(([key, seq], index) => {
    view.setFloat64(index * KEY_BYTES, key, true);
    view.setUint16(entries.length * KEY_BYTES + index * OFFSET_BYTES, seq - first, true);
  });
  return new Uint8Array(view.buffer);
}
