/** How much a route may remember. A single key and value are bounded where they are written: see the sandbox's `LIMITS`. @module */
import type { KvEntry, Store } from "../store/contract.ts";
import { failed, type Result } from "./contract.ts";

/** Most bytes of a route's keys and values together, as UTF-8 JSON text. */
export const KV_ROUTE_BYTES = 1024 * 1024;

/**
 * Holds what a route is to remember to {@linkcode KV_ROUTE_BYTES}: a result that would exceed it is a failure that no
 * retry would mend. Attempts of a route that end at once may pass together where one of them alone would just fit, so a
 * route may exceed it by what they write, but never grows from there. A store that cannot be read now lets it pass: the
 * plugin has acted already.
 */
export async function holdToMeasure(
  result: Result,
  route: string,
  store: Pick<Store, "kvList">,
): Promise<Result> {
  if (!result.kv.some(({ value }) => value !== null)) return result; // forgetting is always allowed
  const current = await store.kvList(route).catch((): KvEntry[] => []);
  const total = bytesAfter(current, result.kv);
  if (total <= KV_ROUTE_BYTES) return result;
  const error =
    `Cannot remember that much: the route's keys and values would be ${total} bytes, at most ${KV_ROUTE_BYTES}; ` +
    "delete keys that are no longer needed";
  return failed("permanent", error, result.sent);
}

/**
 * How much a route remembers once `writes` are made; `value: null` deletes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytesAfter } from "./remembering.ts";
 *
 * const current = [{ key: "a", value: "1" }, { key: "b", value: '"é"' }];
 * assertEquals(bytesAfter(current, []), 7);
 * assertEquals(bytesAfter(current, [{ key: "a", value: null }, { key: "c", value: "10" }]), 8);
 * ```
 */
export function bytesAfter(current: readonly KvEntry[], writes: Result["kv"]): number {
  const entries = new Map<string, string | null>(current.map(({ key, value }) => [key, value]));
  for (const { key, value } of writes) entries.set(key, value);
  return [...entries].reduce(
    (sum, [key, value]) => value === null ? sum : sum + bytes(key) + bytes(value),
    0,
  );
}

const encoder = new TextEncoder();
const bytes = (text: string) => encoder.encode(text).byteLength;
