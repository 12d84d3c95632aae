/** The key under which a receiver may drop what it has seen. @module */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Delivery, StoredEvent } from "../nouns.ts";

/**
 * The same for every attempt of a delivery, another for every other delivery, a replay among them; and the same again
 * when the store is moved to another engine.
 */
export function idempotencyKey(
  event: Pick<StoredEvent, "source" | "id">,
  delivery: Pick<Delivery, "id" | "route" | "replayOf">,
): string {
  const parts = [event.source, event.id, delivery.route];
  if (delivery.replayOf !== null) parts.push(String(delivery.id));
  return hashOf(parts);
}

/** The key of several deliveries that go out as one: the same as long as they are the same. */
export function digestKey(keys: readonly string[]): string {
  return hashOf(keys);
}

const encoder = new TextEncoder();
// Used again and again: to make one for each delivery costs as much as to hash so short a text.
const fresh = sha256.create();
const hash = fresh.clone();
const digest = new Uint8Array(hash.outputLen);

function hashOf(parts: readonly string[]): string {
  fresh._cloneInto(hash).update(encoder.encode(JSON.stringify(parts))).digestInto(digest);
  return "msg_" + bytesToHex(digest.subarray(0, 16));
}
