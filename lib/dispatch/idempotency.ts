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

function hashOf(parts: readonly string[]): string {
  return "msg_" + bytesToHex(sha256(new TextEncoder().encode(JSON.stringify(parts)))).slice(0, 32);
}
