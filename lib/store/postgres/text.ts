/** Text as PostgreSQL can keep it: Unicode without the zero character. @module */

/**
 * The text with U+FFFD in place of each zero character and each half of a surrogate pair.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { keepable } from "./text.ts";
 *
 * assertEquals(keepable("a\0b"), "a\uFFFDb");
 * ```
 */
export function keepable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

/** A value as JSON whose strings are {@linkcode keepable}. */
export function keepableJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!/\\u(0000|d[89a-f])/.test(json)) return json;
  return JSON.stringify(value, (_key, part) => typeof part === "string" ? keepable(part) : part);
}
