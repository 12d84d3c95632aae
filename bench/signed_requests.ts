/** Signed requests as they go over the wire. @module */
import { sign } from "../lib/verify/signature.ts";
import { BENCH_SECRET, BODY } from "./wrk.ts";

/** Makes `count` of them, with fresh random ids. */
export function signedRequests(count: number): Uint8Array[] {
  const encoder = new TextEncoder();
  const body = encoder.encode(BODY);
  const timestamp = String(Math.floor(Date.now() / 1000));
  return Array.from({ length: count }, () => {
    const id = crypto.randomUUID();
    const lines = [
      "POST /webhook HTTP/1.1",
      "host: 127.0.0.1",
      "content-type: application/json",
      `content-length: ${body.length}`,
      `x-cg-timestamp: ${timestamp}`,
      `x-cg-event-id: ${id}`,
      `x-cg-signature: ${sign(BENCH_SECRET, timestamp, id, body)}`,
    ];
    return encoder.encode(`${lines.join("\r\n")}\r\n\r\n${BODY}`);
  });
}
