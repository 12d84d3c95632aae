/** What a person can do about a refusal, in a phrase: for the log, and for what the relay says of itself. @module */
import type { RefusedBecause } from "./receiver.ts";

/** What answers each reason gets, and what a person can do about it. */
export const REASONS: Readonly<Record<RefusedBecause, { status: number; remedy: string }>> = {
  missing_header: { status: 401, remedy: "a proxy before the relay may drop the x-cg-… headers" },
  bad_signature: {
    status: 401,
    remedy: "compare the signing secret in config.json with the one in the provider's dashboard",
  },
  bad_timestamp: {
    status: 401,
    remedy: "the provider has changed the form of x-cg-timestamp: update the relay",
  },
  stale_timestamp: { status: 401, remedy: "check this server's clock, or raise the source's maxAgeSeconds" },
  future_timestamp: { status: 401, remedy: "check this server's clock" },
  too_large: { status: 413, remedy: "raise server.maxBodyBytes" },
  too_slow: { status: 408, remedy: "check the connection and any proxy before the relay" },
  store_unavailable: { status: 503, remedy: "the store cannot write: check the disk and the relay's log" },
};
