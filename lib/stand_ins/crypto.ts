/** Stands in for `@std/crypto` where JSR cannot be reached. @module */

/**
 * Compares in a time that does not tell where the two differ.
 *
 * @throws {TypeError} When they differ in length; some versions of the library answer false, so rely on neither.
 */
export function timingSafeEqual(
  a: ArrayBufferView | ArrayBufferLike | DataView,
  b: ArrayBufferView | ArrayBufferLike | DataView,
): boolean {
  if (a.byteLength !== b.byteLength) throw new TypeError("Cannot compare buffers of different byte lengths");
  const left = bytes(a);
  const right = bytes(b);
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= left[i]! ^ right[i]!; // each byte, as the library does
  return difference === 0;
}

function bytes(value: ArrayBufferView | ArrayBufferLike | DataView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}
