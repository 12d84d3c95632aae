/** Stands in for `@std/crypto` where JSR cannot be reached. @module */
import { timingSafeEqual as compare } from "node:crypto";

/** Compares in a time that does not tell where the two differ. Different lengths are unequal. */
export function timingSafeEqual(
  a: ArrayBufferView | ArrayBufferLike | DataView,
  b: ArrayBufferView | ArrayBufferLike | DataView,
): boolean {
  const left = bytes(a), right = bytes(b);
  return left.byteLength === right.byteLength && compare(left, right);
}

function bytes(value: ArrayBufferView | ArrayBufferLike | DataView): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}
