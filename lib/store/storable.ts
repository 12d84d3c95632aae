/** Text as every engine can keep it. @module */

/**
 * The text with U+FFFD in place of what cannot be kept: a zero character, of which SQLite reads back only what is before
 * it and which PostgreSQL refuses, and half a surrogate pair, which is no Unicode.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { storable } from "./storable.ts";
 *
 * assertEquals(storable("a\0b\ud800"), "a\ufffdb\ufffd");
 * ```
 */
export function storable(text: string): string {
  if (!text.includes("\0") && text.isWellFormed()) return text;
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
