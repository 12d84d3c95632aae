/** A number that stands for a text in an index. @module */

/** Keys are whole numbers below this: they fit a JavaScript number and sort as SQLite integers do. */
export const KEY_RANGE = 2 ** 52;

/**
 * Hashes a text. Two texts rarely share a key (below one in 10⁸ for a new one among ten million), but may: whoever
 * finds a key compares the text itself.
 *
 * @param kind Keeps the keys of one kind of text apart from those of another: a small number.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { KEY_RANGE, textKey } from "./text_key.ts";
 *
 * assertEquals(textKey(1, "bitcoin"), textKey(1, "bitcoin"));
 * assert(textKey(1, "bitcoin") !== textKey(2, "bitcoin"));
 * assert(textKey(1, "") < KEY_RANGE);
 * ```
 */
export function textKey(kind: number, text: string): number {
  // Two lanes of multiply and xor with a final mix, after cyrb53 (public domain).
  let low = 0x41c6ce57 ^ kind, high = 0xdeadbeef ^ kind;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x5f356495);
    high = Math.imul(high ^ unit, 0x9e3779b1);
  }
  const mixed = mix(low) ^ mix(high ^ (low >>> 13));
  return (mix(high + Math.imul(low, 31)) & 0xfffff) * 2 ** 32 + (mixed >>> 0);
}

function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
