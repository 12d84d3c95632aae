import { clean, shorten } from "./clean.ts";

/** Shorter texts than this are no secrets: taking them out would only spoil the message. */
const SHORTEST_SECRET = 4;

/**
 * What a receiver said, fit for an error message: cleaned, cut to 300 characters, and each of `secrets` an ellipsis.
 *
 * @example
 * ```ts
 * import { redact } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(redact("token sesame is\nunknown", ["sesame"]), "token … is unknown");
 * ```
 */
export function redact(text: string, secrets: readonly string[]): string {
  // The longest first, so that no part of one is left by a shorter one.
  const hidden = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length);
  let shown = text;
  for (const secret of hidden) shown = shown.replaceAll(secret, "…");
  return shorten(clean(shown), 300);
}
