/** Rightly signed requests. @module */
import { sign } from "../../lib/verify/signature.ts";
import { GOLDEN_SECRET } from "../verify/golden_vectors.ts";

/** What a signed request may differ in. */
export interface SignedRequest {
  id?: string;
  timestamp?: string;
  body?: string | Uint8Array;
  secret?: string;
}

/** A rightly signed POST, ready for `fetch`. */
export function signedRequest(request: SignedRequest = {}): RequestInit & { method: string } {
  const {
    id = crypto.randomUUID(),
    timestamp = String(Math.floor(Date.now() / 1000)),
    body =
      '{"event_type":"cg.coin.info.updated","data":{"id":"aave","symbol":"aave","name":"Aave","changes":[]}}',
    secret = GOLDEN_SECRET,
  } = request;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return {
    method: "POST",
    body: bytes as BodyInit,
    headers: {
      "content-type": "application/json",
      "x-cg-timestamp": timestamp,
      "x-cg-event-id": id,
      "x-cg-signature": sign(secret, timestamp, id, bytes),
    },
  };
}
