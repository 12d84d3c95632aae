/** How much of an event a message may say: what {@linkcode describe} takes. */
export interface Size {
  /** Characters of one value. */
  maxText: number;
  /** Lines of the message. */
  maxLines: number;
}

/** Fullest first. The last leaves little more than what changed. */
const SIZES: readonly (readonly [maxText: number, maxLines: number])[] = [
  [1000, 40],
  [300, 40],
  [100, 30],
  [40, 15],
  [40, 5],
  [20, 1],
];

/**
 * The fullest message that fits: `make` is asked for ever shorter ones until `fits` agrees. Answers the shortest when
 * none does; cutting that is the caller's.
 *
 * @example
 * ```ts
 * import { fullest } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * const text = fullest(({ maxText }) => "x".repeat(maxText * 2), (text) => text.length <= 256);
 * assertEquals(text.length, 200);
 * ```
 */
export function fullest<T>(make: (size: Size) => T, fits: (made: T) => boolean): T {
  const [first, ...shorter] = SIZES.map(([maxText, maxLines]) => ({ maxText, maxLines }));
  let made = make(first!);
  for (const size of shorter) {
    if (fits(made)) break;
    made = make(size);
  }
  return made;
}
