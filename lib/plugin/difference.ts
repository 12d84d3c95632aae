/** A run of words that both texts have, that only the old one had, or that only the new one has. */
export interface Part {
  /** Whether both texts have it, or only the old or the new one. */
  kind: "same" | "removed" | "added";
  /** The part. */
  text: string;
}

/** Above this many words in the part that differs, it counts as replaced whole: the table below stays small. */
const MAX_WORDS = 400;

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
  const a = words(before);
  const b = words(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;

  const parts: Part[] = [];
  const add = (kind: Part["kind"], text: string) => {
    if (text === "") return;
    const last = parts.at(-1);
    if (last?.kind === kind) last.text += text;
    else parts.push({ kind, text });
  };
  add("same", a.slice(0, head).join(""));
  middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), add);
  add("same", a.slice(a.length - tail).join(""));
  return parts;
}

/** Words and the white space between them, each its own token. */
function words(text: string): string[] {
  return text.match(/\s+|[^\s]+/gu) ?? [];
}

/** The longest common subsequence of `a` and `b`, told part by part. */
function middle(a: string[], b: string[], add: (kind: Part["kind"], text: string) => void): void {
  if (a.length > MAX_WORDS || b.length > MAX_WORDS) {
    add("removed", a.join(""));
    add("added", b.join(""));
    return;
  }
  const width = b.length + 1;
  // common[i * width + j]: how many tokens a from i and b from j have in common.
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
      add("same", x);
      i++;
      j++;
    } else if (x !== undefined && (y === undefined || at(i + 1, j) >= at(i, j + 1))) {
      add("removed", x);
      i++;
    } else if (y !== undefined) {
      add("added", y);
      j++;
    }
  }
}
