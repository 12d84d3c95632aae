/** Counts over time, in buckets of equal length. @module */

/** One bucket. */
export interface Bucket<Kind extends string> {
  /** When it begins, in milliseconds since 1970. */
  at: number;
  counts: Record<Kind, number>;
}

/** A bounded record of how much happened when. */
export interface Series<Kind extends string> {
  add(kind: Kind, at: number): void;
  /** Every bucket up to now, oldest first, the empty ones included. */
  read(now: number): Bucket<Kind>[];
}

/**
 * Makes a series that remembers `length` buckets of `bucketMs` milliseconds.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createSeries } from "./series.ts";
 *
 * const series = createSeries(["in"], 1000, 2);
 * series.add("in", 1500);
 * series.add("in", 1999);
 * assertEquals(series.read(2000), [{ at: 1000, counts: { in: 2 } }, { at: 2000, counts: { in: 0 } }]);
 * ```
 */
export function createSeries<Kind extends string>(
  kinds: readonly Kind[],
  bucketMs: number,
  length: number,
): Series<Kind> {
  /** By the number of the bucket since 1970. */
  const buckets = new Map<number, Record<Kind, number>>();
  const none = () => Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;

  return {
    add(kind, at) {
      const number = Math.floor(at / bucketMs);
      let counts = buckets.get(number);
      if (counts === undefined) {
        buckets.set(number, counts = none());
        for (const old of buckets.keys()) if (old <= number - length) buckets.delete(old);
        // A clock that was set back must not make it grow either.
        if (buckets.size > 2 * length) buckets.delete(buckets.keys().next().value!);
      }
      counts[kind]++;
    },
    read(now) {
      const last = Math.floor(now / bucketMs);
      return Array.from({ length }, (_, index) => {
        const number = last - length + 1 + index;
        return { at: number * bucketMs, counts: { ...(buckets.get(number) ?? none()) } };
      });
    },
  };
}
