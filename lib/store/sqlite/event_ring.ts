/**
 * Carries events to the store's thread through memory that both threads share: whoever writes needs not wake whoever
 * reads while that one is at work anyway.
 *
 * Groups of events lie one behind the other: the length of the group in bytes, the length of its JSON, both as words,
 * then JSON and bodies as `packed.ts` packs them, up to a whole word. A length of zero says that the next group lies at
 * the beginning of the ring.
 *
 * @module
 */
import type { NewEvent } from "../contract.ts";
import { type PackedEvents, unpackEvents } from "./packed.ts";

const WORD = 4;
/**
 * What stands before the groups, as words: how far it is read, how far it is written, whether the reader sleeps, and a
 * number that changes whenever the reader is to look.
 */
const READ = 0, WRITTEN = 1, ASLEEP = 2, BELL = 3, HEAD_WORDS = 4;
const HEAD_BYTES = HEAD_WORDS * WORD;
const GROUP_HEAD_BYTES = 2 * WORD;
const RING_BYTES = 256 * 1024;
/** A larger group does not go through the ring. */
const MOST_BYTES = RING_BYTES / 4;
/** A character takes at most so many bytes in UTF-8. */
const CHARACTER_BYTES = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The memory of an empty ring whose reader sleeps. */
export function ringMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEAD_BYTES + RING_BYTES);
  new Int32Array(memory)[ASLEEP] = 1;
  return memory;
}

/** One end of a ring: one thread writes and rings, the other reads, waits and sleeps. */
export class EventRing {
  readonly #head: Int32Array;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, HEAD_WORDS);
    this.#words = new Uint32Array(memory, HEAD_BYTES);
    this.#bytes = new Uint8Array(memory, HEAD_BYTES);
  }

  /** Writes a group, and rings; answers whether there was room for it. */
  write({ values, bodies, deliveries }: PackedEvents): boolean {
    if (bodies.length > MOST_BYTES) return false;
    const json = JSON.stringify([values, [...deliveries]]);
    const most = GROUP_HEAD_BYTES + json.length * CHARACTER_BYTES + bodies.length + WORD;
    const at = most > MOST_BYTES ? null : this.#roomFor(most);
    if (at === null) return false;
    const { written } = encoder.encodeInto(json, this.#bytes.subarray(at + GROUP_HEAD_BYTES));
    this.#bytes.set(bodies, at + GROUP_HEAD_BYTES + written);
    const length = Math.ceil((GROUP_HEAD_BYTES + written + bodies.length) / WORD) * WORD;
    this.#words[at / WORD] = length;
    this.#words[at / WORD + 1] = written;
    Atomics.store(this.#head, WRITTEN, at + length);
    this.ring();
    return true;
  }

  /** Has the reader look, if it waits. */
  ring(): void {
    Atomics.add(this.#head, BELL, 1);
    Atomics.notify(this.#head, BELL);
  }

  /** Answers once whether the reader sleeps: whoever asks wakes it then. */
  mustWake(): boolean {
    return Atomics.exchange(this.#head, ASLEEP, 0) === 1;
  }

  /** The groups that were written, in their order; but no more once they hold `most` events. */
  read(most: number): NewEvent[][] {
    const groups: NewEvent[][] = [];
    let at = Atomics.load(this.#head, READ);
    const end = Atomics.load(this.#head, WRITTEN);
    for (let count = 0; at !== end && count < most;) {
      const length = at === RING_BYTES ? 0 : this.#words[at / WORD]!;
      if (length === 0) {
        at = 0;
        continue;
      }
      const group = this.#groupAt(at, length);
      groups.push(group);
      count += group.length;
      at += length;
    }
    Atomics.store(this.#head, READ, at);
    return groups;
  }

  /** Reads; where there is nothing, waits for so many milliseconds until the writer rings, and reads then. Blocks. */
  readWithin(ms: number, most: number): NewEvent[][] {
    const bell = Atomics.load(this.#head, BELL);
    const groups = this.read(most);
    if (groups.length > 0 || Atomics.wait(this.#head, BELL, bell, ms) === "timed-out") return groups;
    return this.read(most);
  }

  /** Falls asleep, unless something was written that is not read; answers whether. */
  sleeps(): boolean {
    Atomics.store(this.#head, ASLEEP, 1);
    if (Atomics.load(this.#head, READ) === Atomics.load(this.#head, WRITTEN)) return true;
    Atomics.store(this.#head, ASLEEP, 0); // the writer may have seen it, and wakes us for nothing
    return false;
  }

  #groupAt(at: number, length: number): NewEvent[] {
    const bodiesAt = at + GROUP_HEAD_BYTES + this.#words[at / WORD + 1]!;
    const json = decoder.decode(this.#bytes.subarray(at + GROUP_HEAD_BYTES, bodiesAt));
    const [values, deliveries] = JSON.parse(json);
    const bodies = this.#bytes.slice(bodiesAt, at + length); // not shared: what is read may be written over
    return unpackEvents({ values, bodies, deliveries: new Map(deliveries) });
  }

  /** Where so many bytes can be written in one piece; null when they cannot. */
  #roomFor(bytes: number): number | null {
    const read = Atomics.load(this.#head, READ), at = Atomics.load(this.#head, WRITTEN);
    if (at < read) return at + bytes < read ? at : null;
    if (at + bytes <= RING_BYTES) return at;
    if (bytes >= read) return null;
    if (at < RING_BYTES) this.#words[at / WORD] = 0;
    return 0;
  }
}
