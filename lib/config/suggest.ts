/** The nearest of the words that were permitted, for a "did you mean". @module */

/** How many edits (insert, delete, replace, swap of neighbours) turn `a` into `b`. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, before[j - 2]! + 1);
      }
      row.push(edits);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/**
 * The one of `permitted` that `word` was probably meant to be, or `undefined` when none is near. Case does not count.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(suggest("feilds", ["fields", "coins"]), "fields");
 * assertEquals(suggest("banana", ["fields", "coins"]), undefined);
 * ```
 */
export function suggest(word: string, permitted: readonly string[]): string | undefined {
  const given = word.slice(0, 100).toLowerCase();
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of permitted) {
    const target = candidate.toLowerCase();
    const shortened = given.length > 2 && (target.startsWith(given) || given.startsWith(target));
    const edits = shortened ? 1 : distance(given, target);
    if (edits <= Math.max(1, Math.floor(target.length / 3)) && (!best || edits < best.edits)) {
      best = { candidate, edits };
    }
  }
  return best?.candidate;
}

/** `did you mean "…"?`, or `undefined` when nothing permitted is near. */
export function didYouMean(word: string, permitted: readonly string[]): string | undefined {
  const near = suggest(word, permitted);
  return near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`;
}

/** The same; where nothing is near, all that is permitted. */
export function nearOrAll(word: string, permitted: readonly string[]): string {
  return didYouMean(word, permitted) ??
    (permitted.length > 0 ? `known are ${permitted.join(", ")}` : "none is known");
}
