/** The provider's signature: HMAC-SHA256 over `{timestamp}:{event_id}:{raw_body}`, in hexadecimal. @module */
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** What a signature looks like. */
export const SIGNATURE = /^[0-9a-f]{64}$/i;
const encoder = new TextEncoder();

/** Filled anew for each delivery: to make a small buffer takes longer than to fill it. */
const given = new Uint8Array(32);
const prefix = new Uint8Array(256);

/** A secret made ready for use, so that its key is derived once and not for each delivery. */
export interface SigningKey {
  /** The signature of a delivery, as 32 bytes; the next call overwrites them. */
  digest(timestamp: string, id: string, body: Uint8Array): Uint8Array;
}

/** Makes a secret ready. Its UTF-8 bytes are the key, the prefix `whsec_` included. */
export function signingKey(secret: string): SigningKey {
  const keyed = hmac.create(sha256, encoder.encode(secret));
  // Both are used again and again: to make them for each delivery costs half as much as to hash a short body.
  const hash = keyed.clone();
  const digest = new Uint8Array(hash.outputLen);
  return {
    digest(timestamp, id, body) {
      keyed._cloneInto(hash).update(prefixOf(timestamp, id)).update(body).digestInto(digest);
      return digest;
    },
  };
}

/**
 * Signs a delivery the way the provider does.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sign } from "./signature.ts";
 *
 * const body = new TextEncoder().encode('{"event_type":"cg.coin.listed","data":{"id":"aave"}}');
 * const signature = sign("whsec_example", "1776066000", "evt-1", body);
 * assertEquals(signature.length, 64);
 * ```
 *
 * @returns 64 lower-case hexadecimal digits.
 */
export function sign(secret: string, timestamp: string, id: string, body: Uint8Array): string {
  return signingKey(secret).digest(timestamp, id, body).toHex();
}

/** Whether `signature` (hexadecimal, in either case) is right under any of `keys`. Takes constant time for each key. */
export function isSignedBy(
  keys: readonly SigningKey[],
  signature: string,
  timestamp: string,
  id: string,
  body: Uint8Array,
): boolean {
  if (!SIGNATURE.test(signature)) return false;
  given.setFromHex(signature);
  let signed = false;
  for (const key of keys) {
    if (timingSafeEqual(key.digest(timestamp, id, body), given)) signed = true;
  }
  return signed;
}

/** What is signed before the body. Header values reach us one character a byte; the same bytes were signed. */
function prefixOf(timestamp: string, id: string): Uint8Array {
  const text = `${timestamp}:${id}:`;
  const bytes = text.length <= prefix.length ? prefix : new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.subarray(0, text.length);
}
