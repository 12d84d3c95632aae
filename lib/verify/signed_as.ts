/** The headers of a delivery that is signed as the provider signs, for those who send one. @module */
import { sign } from "./signature.ts";
import { EVENT_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER } from "./verify.ts";

/**
 * The three headers, as {@linkcode sign} signs.
 *
 * @param timestamp UNIX seconds, decimal.
 */
export function signedAs(
  secret: string,
  timestamp: string,
  id: string,
  body: Uint8Array,
): Record<string, string> {
  return {
    [TIMESTAMP_HEADER]: timestamp,
    [EVENT_ID_HEADER]: id,
    [SIGNATURE_HEADER]: sign(secret, timestamp, id, body),
  };
}
