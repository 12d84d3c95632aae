/** Text as SQLite keeps it. @module */

/**
 * Text is read back only up to a zero character, and half a surrogate pair is no Unicode: each becomes U+FFFD.
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
