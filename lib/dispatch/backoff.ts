/** How long to wait before an attempt is repeated. @module */
import type { RetryPolicy } from "../route/resolve.ts";

/** A receiver's `Retry-After` is followed up to this far, in milliseconds. */
export const MAX_ASKED_DELAY_MS = 24 * 3600 * 1000;

/**
 * Exponential backoff with full jitter: a random wait between nothing and the bound, so that deliveries that failed
 * together do not come back together. With the defaults (10 attempts, 2 s, 1 h) the last comes at most 1,022 s after the
 * first, where no receiver asks for more and attempts themselves take no time.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { retryDelay } from "./backoff.ts";
 *
 * const policy = { maxAttempts: 3, minDelayMs: 2000, maxDelayMs: 3_600_000 };
 * assertEquals(retryDelay(policy, 1, null, 0.5), 1000);
 * assertEquals(retryDelay(policy, 2, null, 0.5), 2000);
 * assertEquals(retryDelay(policy, 2, 60, 0.5), 62_000);
 * assertEquals(retryDelay(policy, 3, null, 0.5), null);
 * ```
 *
 * @param attempt The attempt that failed; 1 for the first.
 * @param askedSeconds The least wait that the receiver asked for; the jitter comes on top. Null: it asked for none.
 * @param random Between 0 and 1.
 * @returns Milliseconds to wait; null when no attempt is left.
 */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  askedSeconds: number | null,
  random: number,
): number | null {
  if (attempt >= policy.maxAttempts) return null;
  const bound = Math.min(policy.maxDelayMs, policy.minDelayMs * 2 ** (attempt - 1));
  const asked = Math.min(MAX_ASKED_DELAY_MS, Math.max(0, askedSeconds ?? 0) * 1000);
  return Math.round(asked + random * bound);
}
