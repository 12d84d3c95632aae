/** Lines out of bytes that come piece by piece. @module */

const NEWLINE = 10;

/**
 * Splits a stream of bytes into lines of UTF-8.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const lines = lineSplitter(100);
 * const bytes = new TextEncoder().encode("one\ntwo\nthr");
 * assertEquals(lines(bytes), ["one", "two"]);
 * assertEquals(lines(new TextEncoder().encode("ee\n")), ["three"]);
 * ```
 *
 * @param maxBytes A longer line makes the returned function throw a `RangeError`.
 */
export function lineSplitter(maxBytes: number): (chunk: Uint8Array) => string[] {
  const decoder = new TextDecoder();
  const decode = decoder.decode.bind(decoder); // as it is now: a plugin may replace it
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  return (chunk) => {
    const end = chunk.lastIndexOf(NEWLINE);
    if (restBytes + (end < 0 ? chunk.length : 0) > maxBytes) throw new RangeError("line too long");
    if (end < 0) {
      rest.push(chunk.slice());
      restBytes += chunk.length;
      return [];
    }
    let text = "";
    for (const part of rest) text += decode(part, { stream: true });
    text += decode(chunk.subarray(0, end));
    rest = end + 1 < chunk.length ? [chunk.slice(end + 1)] : [];
    restBytes = rest[0]?.length ?? 0;
    return text.split("\n");
  };
}
