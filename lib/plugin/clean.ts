/**
 * Everything a reader cannot see but a terminal, a mail header or a layout engine would obey: controls, bidirectional
 * marks and overrides, zero-width and other default-ignorable characters, tags.
 */
const INVISIBLE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

/** More marks on one letter than any script needs: they run over the lines above and below. */
const PILES = /(\p{M}{4})\p{M}+/gu;

/**
 * One line of text that shows what it is: invisible and direction-changing characters taken out, piles of
 * marks cut down, every run of white space made one space. What comes from outside passes here before it is shown anywhere.
 *
 * @example
 * ```ts
 * import { clean } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(clean("Te\u200bther\r\nBcc: all\u202e"), "Tether Bcc: all");
 * ```
 */
export function clean(text: string): string {
  return text.toWellFormed().replace(/\s+/g, " ").replace(INVISIBLE, "").replace(PILES, "$1").replace(
    / {2,}/g,
    " ",
  ).trim();
}

/**
 * `text` with at most `max` UTF-16 units, an ellipsis in place of what was cut; never half a character.
 *
 * @example
 * ```ts
 * import { shorten } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shorten("a long story", 7), "a long…");
 * assertEquals(shorten("short", 7), "short");
 * ```
 */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = Math.max(0, max - 1);
  // A low surrogate at the cut: its other half goes too.
  if (/[\udc00-\udfff]/.test(text.charAt(end))) end--;
  return text.slice(0, end).trimEnd() + "…";
}
