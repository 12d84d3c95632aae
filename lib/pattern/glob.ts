/** Patterns over plain text, in which `*` stands for anything. @module */

/**
 * Compiles one pattern. Matching is case-sensitive.
 *
 * Each part between the stars is looked for once, as far left as it comes: that finds a match where there is one. A
 * regular expression would try every other place too, for years where a stranger's text nearly fits.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (pattern === "*") return () => true;
  const [first = "", ...middle] = pattern.split("*");
  const last = middle.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    const end = text.length - last.length;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}

/**
 * Compiles a list of patterns: a text matches when one of them takes it and none with a leading `!` takes it away
 * again, in whatever order they stand. A list of only `!` patterns takes everything else.
 *
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { compileList, compileGlob } from "./glob.ts";
 *
 * const matches = compileList(["bitcoin*", "!bitcoin-cash"], compileGlob);
 * assert(matches("bitcoin"));
 * assertFalse(matches("bitcoin-cash"));
 * ```
 */
export function compileList(
  patterns: readonly string[],
  compile: (pattern: string) => (text: string) => boolean,
): (text: string) => boolean {
  const takes = patterns.filter((pattern) => !pattern.startsWith("!")).map(compile);
  const drops = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) =>
    compile(pattern.slice(1))
  );
  const taken = takes.length === 0 && drops.length > 0
    ? () => true
    : (text: string) => takes.some((take) => take(text));
  return drops.length === 0 ? taken : (text) => taken(text) && !drops.some((drop) => drop(text));
}
