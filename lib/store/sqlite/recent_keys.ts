/** Keys in memory, in nearly sorted order, so that they can be moved elsewhere in order, a few at a time. @module */
import { KEY_RANGE } from "./text_key.ts";

/** A key, and the seq of an event that has it. */
export type Entry = readonly [key: number, seq: number];

/** What {@linkcode RecentKeys.next} found: entries in the order of their keys, and the slots that hold them. */
export interface Batch {
  entries: Entry[];
  from: number;
  slots: number;
}

const FEWEST_SLOTS = 1024;
/**
 * Slots for each entry, at least. Many, since entries are twice as dense before the hand as they are on average, and what
 * is sought runs into long stretches of taken slots where most are taken.
 */
const SLOTS_EACH = 4;
const EMPTY = 0, DELETED = -1;

/**
 * A hash table whose slots are in the order of the keys: a key's place is its share of the range, or the next free
 * slot after it. A hand goes around the slots; what it passes is taken out, so that every entry leaves within one
 * round of the hand, and entries that leave together have keys that lie together.
 */
export class RecentKeys {
  #keys = new Float64Array(FEWEST_SLOTS);
  #seqs = new Float64Array(FEWEST_SLOTS);
  #used = 0;
  #hand = 0;
  #turn = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#used;
  }

  /** How often the hand has gone around since the first start, with the part of a turn that it is in. */
  get turns(): number {
    return this.#turn + this.#hand / this.#seqs.length;
  }

  /** For an empty table: puts the hand where it was, or a little before, and makes room for so many entries. */
  begin(turns: number, entries: number): void {
    while (entries * SLOTS_EACH >= this.#seqs.length) this.#grow();
    this.#turn = Math.floor(turns);
    this.#hand = Math.floor((turns - this.#turn) * this.#seqs.length);
  }

  add(key: number, seq: number): void {
    if (this.#used * SLOTS_EACH >= this.#seqs.length) this.#grow();
    let slot = this.#place(key);
    while (this.#seqs[slot] !== EMPTY) slot = this.#after(slot);
    this.#keys[slot] = key;
    this.#seqs[slot] = seq;
    this.#used++;
  }

  /** The seqs under a key. */
  find(key: number): number[] {
    const found: number[] = [];
    for (let slot = this.#place(key); this.#seqs[slot] !== EMPTY; slot = this.#after(slot)) {
      if (this.#keys[slot] === key && this.#seqs[slot] !== DELETED) found.push(this.#seqs[slot]!);
    }
    return found;
  }

  /** Whether there is anything under a key. */
  has(key: number): boolean {
    for (let slot = this.#place(key); this.#seqs[slot] !== EMPTY; slot = this.#after(slot)) {
      if (this.#keys[slot] === key && this.#seqs[slot] !== DELETED) return true;
    }
    return false;
  }

  delete(key: number, seq: number): void {
    for (let slot = this.#place(key); this.#seqs[slot] !== EMPTY; slot = this.#after(slot)) {
      if (this.#keys[slot] === key && this.#seqs[slot] === seq) this.#seqs[slot] = DELETED;
    }
  }

  /** At least `count` entries from the hand on (fewer when it comes around). They stay until {@linkcode drop}. */
  next(count: number): Batch {
    const entries: Entry[] = [];
    let slots = 0;
    // It ends at an empty slot: what is found by passing over taken slots must never lie behind a gap.
    for (let slot = this.#hand; slots < this.#seqs.length; slot = this.#after(slot), slots++) {
      const seq = this.#seqs[slot]!;
      if (seq === EMPTY && entries.length >= count) break;
      if (seq !== EMPTY && seq !== DELETED) entries.push([this.#keys[slot]!, seq]);
    }
    entries.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    return { entries, from: this.#hand, slots };
  }

  /** Takes a batch out, and moves the hand behind it. Nothing was added since the batch was found. */
  drop({ from, slots }: Batch): void {
    for (let slot = from, left = slots; left > 0; slot = this.#after(slot), left--) {
      if (this.#seqs[slot] !== EMPTY) this.#used--;
      this.#seqs[slot] = EMPTY;
    }
    this.#turn += Math.floor((from + slots) / this.#seqs.length);
    this.#hand = (from + slots) & (this.#seqs.length - 1);
  }

  #place(key: number): number {
    return Math.floor(key * (this.#seqs.length / KEY_RANGE));
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#seqs.length - 1);
  }

  #grow(): void {
    const keys = this.#keys, seqs = this.#seqs;
    this.#keys = new Float64Array(keys.length * 2);
    this.#seqs = new Float64Array(seqs.length * 2);
    this.#used = 0;
    this.#hand *= 2; // the same place among the keys
    for (let slot = 0; slot < seqs.length; slot++) if (seqs[slot]! > 0) this.add(keys[slot]!, seqs[slot]!);
  }
}

/**
 * Whether the hand, now at `now` turns, has passed a key since it was at `since`: then what had the key is taken out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { passed } from "./recent_keys.ts";
 * import { KEY_RANGE } from "./text_key.ts";
 *
 * assertEquals(passed(KEY_RANGE / 2, 3.25, 3.75), true);
 * assertEquals(passed(KEY_RANGE / 2, 3.75, 4.25), false);
 * assertEquals(passed(KEY_RANGE / 2, 3.75, 4.75), true);
 * ```
 */
export function passed(key: number, since: number, now: number): boolean {
  const turn = Math.floor(since), place = key / KEY_RANGE;
  return (place >= since - turn ? turn : turn + 1) + place < now;
}
