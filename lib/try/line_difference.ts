/** What lines two texts do not have in common. @module */

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
  if (before === after) return [];
  const a = before.split("\n"), b = after.split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const lines = [
    ...a.slice(0, head).map((line) => `  ${line}`),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map((line) => `  ${line}`),
  ];
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(differs));
  return lines.flatMap((line, i) => near[i] ? [line] : i > 0 && near[i - 1] ? ["  …"] : []);
}

const differs = (line: string) => /^[-+] /.test(line);
/** Above this many lines on a side, they count as replaced whole: the table below stays small. */
const MOST = 500;

/** By a longest common subsequence. */
function middle(a: string[], b: string[]): string[] {
  const removed = (line: string) => `- ${line}`;
  const added = (line: string) => `+ ${line}`;
  if (a.length > MOST || b.length > MOST) return [...a.map(removed), ...b.map(added)];
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i]![j] = a[i] === b[j]
        ? common[i + 1]![j + 1]! + 1
        : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const lines: string[] = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`  ${a[i++]}`);
      j++;
    } else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push(removed(a[i++]!));
    } else lines.push(added(b[j++]!));
  }
  return lines;
}
