/** What lines two texts do not have in common. @module */
import { compare } from "../plugin/difference.ts";

/** Lines around a difference that are shown with it. */
const CONTEXT = 2;

/**
 * The lines that differ, each with `-` or `+` before it, and some around them; empty when the texts are the same.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(lineDifference("a\nb\nc", "a\nB\nc"), ["  a", "- b", "+ B", "  c"]);
 * assertEquals(lineDifference("a", "a"), []);
 * ```
 */
export function lineDifference(before: string, after: string): string[] {
  const lines: string[] = [];
  compare(before.split("\n"), after.split("\n"), (kind, line) => lines.push(`${MARK[kind]} ${line}`));
  const differs = lines.map((line) => !line.startsWith(MARK.same));
  const near = lines.map((_, i) => differs.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).includes(true));
  return lines.flatMap((line, i) => near[i] ? [line] : i > 0 && near[i - 1] ? ["  …"] : []);
}

const MARK = { same: " ", removed: "-", added: "+" };
