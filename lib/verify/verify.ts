/** Tells a source's own deliveries from everybody else's. @module */
import type { SourceConfig } from "../config/schema.ts";
import { type AgeReason, judgeAge } from "./age.ts";
import { isSignedBy, signingKey } from "./signature.ts";

/** The provider's three headers. */
export const TIMESTAMP_HEADER = "x-cg-timestamp";
export const EVENT_ID_HEADER = "x-cg-event-id";
export const SIGNATURE_HEADER = "x-cg-signature";

/** Why a delivery is refused. */
export type RefusalReason = "missing_header" | "bad_signature" | AgeReason;

/** The three headers as sent; empty where missing. */
export interface SignedHeaders {
  timestamp: string;
  id: string;
  signature: string;
}

/** `authentic`: the signature was right, so it came from someone with the secret, whatever the timestamp says. */
export type Verdict =
  | { verified: true; headers: SignedHeaders }
  | { verified: false; reason: RefusalReason; authentic: boolean; headers: SignedHeaders };

/** Judges a request's headers and raw body. `now` in milliseconds since 1970. */
export type Verify = (headers: Headers, body: Uint8Array, now: number) => Verdict;

/** Reads the three headers. */
export function signedHeaders(headers: Headers): SignedHeaders {
  return {
    timestamp: headers.get(TIMESTAMP_HEADER) ?? "",
    id: headers.get(EVENT_ID_HEADER) ?? "",
    signature: headers.get(SIGNATURE_HEADER) ?? "",
  };
}

/** Makes the judge of a source. The signature is checked before the age, so that only the signer learns of the age. */
export function createVerify(source: Pick<SourceConfig, "secrets" | "maxAgeSeconds">): Verify {
  const keys = source.secrets.map(signingKey);
  return (requestHeaders, body, now) => {
    const headers = signedHeaders(requestHeaders);
    const { timestamp, id, signature } = headers;
    if (timestamp === "" || id === "" || signature === "") {
      return { verified: false, reason: "missing_header", authentic: false, headers };
    }
    if (!isSignedBy(keys, signature, timestamp, id, body)) {
      return { verified: false, reason: "bad_signature", authentic: false, headers };
    }
    const reason = judgeAge(timestamp, now, source.maxAgeSeconds);
    return reason === null
      ? { verified: true, headers }
      : { verified: false, reason, authentic: true, headers };
  };
}
