/** Which events of a block are of which coin, in few bytes. @module */
import { textKey } from "./text_key.ts";

/** Most events of a block, and furthest that its seqs may lie apart. */
export const BLOCK_SPAN = 2 ** 16;

const HASH_BYTES = 4, OFFSET_BYTES = 2;

/** A number below 2³² for a coin. Coins may share one: whoever finds an event looks at its coin itself. */
const hashOf = (coin: string) => textKey(2, coin) % 2 ** 32;

/**
 * Writes down the coins of events: sorted hashes, then for each the event's distance from `first`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { coinsOf, seqsOfCoin } from "./block_coins.ts";
 *
 * const coins = coinsOf(100, [{ seq: 100, coin: "btc" }, { seq: 101, coin: null }, { seq: 103, coin: "btc" }]);
 * assertEquals(seqsOfCoin(coins, 100, "btc"), [100, 103]);
 * assertEquals(coins.byteLength, 2 * 6);
 * ```
 */
export function coinsOf(first: number, events: readonly { seq: number; coin: string | null }[]): Uint8Array {
  // Both in one number, which is sorted sooner than an object.
  const numbers = new Float64Array(events.length);
  let count = 0;
  for (const { seq, coin } of events) {
    if (coin !== null) numbers[count++] = hashOf(coin) * BLOCK_SPAN + (seq - first);
  }
  const entries = numbers.subarray(0, count).sort();
  const view = new DataView(new ArrayBuffer(count * (HASH_BYTES + OFFSET_BYTES)));
  for (let index = 0; index < count; index++) {
    view.setUint32(index * HASH_BYTES, Math.floor(entries[index]! / BLOCK_SPAN), true);
    view.setUint16(count * HASH_BYTES + index * OFFSET_BYTES, entries[index]! % BLOCK_SPAN, true);
  }
  return new Uint8Array(view.buffer);
}

/** The seqs of the events that may be of a coin, in order. */
export function seqsOfCoin(coins: Uint8Array, first: number, coin: string): number[] {
  const view = new DataView(coins.buffer, coins.byteOffset, coins.byteLength);
  const count = coins.byteLength / (HASH_BYTES + OFFSET_BYTES);
  const hash = hashOf(coin);
  let low = 0;
  for (let high = count; low < high;) {
    const middle = (low + high) >>> 1;
    if (view.getUint32(middle * HASH_BYTES, true) < hash) low = middle + 1;
    else high = middle;
  }
  const seqs: number[] = [];
  for (; low < count && view.getUint32(low * HASH_BYTES, true) === hash; low++) {
    seqs.push(first + view.getUint16(count * HASH_BYTES + low * OFFSET_BYTES, true));
  }
  return seqs;
}
