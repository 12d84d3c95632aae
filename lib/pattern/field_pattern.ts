/** Patterns over dotted paths, such as `platforms.*`. @module */
import { compileGlob, compileList } from "./glob.ts";

/**
 * Checks one pattern, its leading `!` included.
 *
 * @returns What is wrong with it, for a person; null when it is a pattern.
 */
export function fieldPatternMistake(pattern: string): string | null {
  const path = pattern.startsWith("!") ? pattern.slice(1) : pattern;
  if (path === "") return "is empty";
  if (path.startsWith("!")) return 'has more than one "!"';
  if (/\s/.test(path)) return "holds white space";
  if (path.split(".").includes("")) return "has an empty segment";
  if (path.includes("**")) return 'holds "**"; a last "*" stands for one or more segments already';
  return null;
}

/**
 * Compiles field patterns. `*` in the middle stands for exactly one segment, as the last segment for one or more,
 * alone for any field; a segment may hold a `*` inside; a leading `!` takes matches away again.
 *
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { compileFields } from "./field_pattern.ts";
 *
 * const matches = compileFields(["links.*", "!links.twitter_screen_name"]);
 * assert(matches("links.homepage"));
 * assert(matches("links.repos_url.github"));
 * assertFalse(matches("links"));
 * assertFalse(matches("links.twitter_screen_name"));
 * ```
 */
export function compileFields(patterns: readonly string[]): (field: string) => boolean {
  return compileList(patterns, compileFieldPattern);
}

function compileFieldPattern(pattern: string): (field: string) => boolean {
  if (pattern === "*") return () => true;
  if (!pattern.includes("*")) return (field) => field === pattern;
  const segments = pattern.split(".");
  const openEnded = segments.at(-1) === "*";
  const fixed = (openEnded ? segments.slice(0, -1) : segments).map(compileGlob);
  return (field) => {
    const parts = field.split(".");
    const lengthFits = openEnded ? parts.length > fixed.length : parts.length === fixed.length;
    return lengthFits && fixed.every((matches, i) => matches(parts[i]!));
  };
}
