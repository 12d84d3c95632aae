/** How much a route may remember. @module */
import type { KvEntry } from "./contract.ts";

/** Most bytes of one value, as UTF-8 JSON text. */
export const KV_VALUE_BYTES = 64 * 1024;
/** Most bytes of one key, as UTF-8. */
export const KV_KEY_BYTES = 1024;
/** Most bytes of a route's keys and values together. */
export const KV_ROUTE_BYTES = 1024 * 1024;

/** A route would remember more than it may. No retry would help, so its delivery has failed for good. */
export class KvTooLarge extends Error {
  override name = "KvTooLarge";
}

const encoder = new TextEncoder();
const bytes = (text: string) => encoder.encode(text).byteLength;

/**
 * Checks what a route is to remember before it is settled.
 *
 * Two attempts of a route that end at once may pass together where one of them alone would just fit, so a route may
 * exceed {@linkcode KV_ROUTE_BYTES} by what its concurrent attempts write, but never grows from there.
 *
 * @param current What the route remembers now.
 * @param writes What it is to remember from now on; `value: null` deletes.
 * @throws {KvTooLarge} naming the key or the sum that is too large.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkKv, KvTooLarge } from "./kv_limits.ts";
 *
 * checkKv([{ key: "seen", value: "1" }], [{ key: "seen", value: "2" }]);
 * assertThrows(() => checkKv([], [{ key: "page", value: JSON.stringify("x".repeat(70_000)) }]), KvTooLarge);
 * ```
 */
export function checkKv(
  current: readonly KvEntry[],
  writes: readonly { key: string; value: string | null }[],
): void {
  const sizes = new Map(current.map(({ key, value }) => [key, bytes(key) + bytes(value)]));
  for (const { key, value } of writes) {
    if (value === null) {
      sizes.delete(key);
      continue;
    }
    const name = JSON.stringify(key.length > 40 ? key.slice(0, 40) + "…" : key);
    if (bytes(key) > KV_KEY_BYTES) {
      throw new KvTooLarge(
        `Cannot remember ${name}: the key is ${bytes(key)} bytes, at most ${KV_KEY_BYTES}`,
      );
    }
    if (bytes(value) > KV_VALUE_BYTES) {
      throw new KvTooLarge(
        `Cannot remember ${name}: the value is ${bytes(value)} bytes of JSON, at most ${KV_VALUE_BYTES}`,
      );
    }
    sizes.set(key, bytes(key) + bytes(value));
  }
  if (!writes.some(({ value }) => value !== null)) return; // forgetting is always allowed
  const total = sizes.values().reduce((sum, size) => sum + size, 0);
  if (total > KV_ROUTE_BYTES) {
    throw new KvTooLarge(
      `Cannot remember that much: the route's keys and values would be ${total} bytes, at most ${KV_ROUTE_BYTES}; ` +
        `delete keys that are no longer needed`,
    );
  }
}
