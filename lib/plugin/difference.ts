/** A run of words that both texts have, that only the old one had, or that only the new one has. */
export interface Part {
  /** Whether both texts have it, or only the old or the new one. */
  kind: "same" | "removed" | "added";
  /** The part. */
  text: string;
}

/** Above this many items in the part that differs, it counts as replaced whole: the table below stays small. */
const MOST = 500;

/**
 * How the words of `before` became those of `after`: the texts of `same` and `removed` put together are `before`,
 * those of `same` and `added` are `after`.
 *
 * @example
 * ```ts
 * import { difference } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(difference("no trades in 2 weeks", "no trades in 3 weeks"), [
 *   { kind: "same", text: "no trades in " },
 *   { kind: "removed", text: "2" },
 *   { kind: "added", text: "3" },
 *   { kind: "same", text: " weeks" },
 * ]);
 * ```
 */
export function difference(before: string, after: string): Part[] {
  const parts: Part[] = [];
  compare(words(before), words(after), (kind, text) => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else parts.push({ kind, text });
  });
  return parts;
}

/** Words and the white space between them, each its own token. */
function words(text: string): string[] {
  return text.match(/\s+|[^\s]+/gu) ?? [];
}

/** Tells the items of two lists one by one: what both have, by a longest common subsequence, and what only one has. */
export function compare(
  before: readonly string[],
  after: readonly string[],
  tell: (kind: Part["kind"], item: string) => void,
): void {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const room = Math.min(before.length, after.length) - head;
  while (tail < room && before.at(-1 - tail) === after.at(-1 - tail)) tail++;

  before.slice(0, head).forEach((item) => tell("same", item));
  compareAll(before.slice(head, before.length - tail), after.slice(head, after.length - tail), tell);
  before.slice(before.length - tail).forEach((item) => tell("same", item));
}

function compareAll(a: readonly string[], b: readonly string[], tell: Parameters<typeof compare>[2]): void {
  if (a.length > MOST || b.length > MOST) {
    a.forEach((item) => tell("removed", item));
    b.forEach((item) => tell("added", item));
    return;
  }
  const width = b.length + 1;
  // common[i * width + j]: how many items a from i and b from j have in common.
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    if (x !== undefined && x === y) {
      tell("same", x);
      i++;
      j++;
    } else if (x !== undefined && (y === undefined || at(i + 1, j) >= at(i, j + 1))) {
      tell("removed", x);
      i++;
    } else if (y !== undefined) {
      tell("added", y);
      j++;
    }
  }
}
