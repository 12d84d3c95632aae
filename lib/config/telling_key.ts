/** Names under which secrets stand: of options, headers, parameters. @module */

const SECRET = new RegExp(
  [
    "secret|token|passw|passphrase|pwd|credential|authorization|cookie|(api|routing)_?key",
    "(^|_)pass(_|$)",
    "(signing|private|access|encryption|integration|license|master|shared|service|auth|hmac|ssh)_?keys?\\d*(_|$)",
    "webhook_?url",
    "^smtp$",
  ].join("|"),
);
const PERHAPS = /(^|_)(keys?$|auth(_|$))/;
/** Who reads what was sent wants to see these. */
const NEVER = /(^|_)(idempotency|public)_keys?$/;

/**
 * What a name says of the texts under it: that they are secret, that they may be if they are long enough (`key`, `auth`:
 * a sort key is none), or nothing.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tellsOf } from "./telling_key.ts";
 *
 * for (const name of ["botToken", "X-Api-Key", "Cookie", "smtpPass", "signingKey", "PRIVATE_KEY", "apiKey2", "webhookUrl", "dbPwd", "credentials"]) {
 *   assertEquals(tellsOf(name), "secret", name);
 * }
 * for (const name of ["key", "sortKey", "auth"]) assertEquals(tellsOf(name), "perhaps", name);
 * for (const name of ["keyField", "monkey", "author", "bypass", "Idempotency-Key"]) assertEquals(tellsOf(name), null, name);
 * ```
 */
export function tellsOf(name: string): "secret" | "perhaps" | null {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase().replace(/[^a-z0-9]+/g, "_");
  if (NEVER.test(words)) return null;
  return SECRET.test(words) ? "secret" : PERHAPS.test(words) ? "perhaps" : null;
}
