/** Keeps a route's secrets out of what is told of its failures: errors are stored, shown, and sent on as events. @module */
import type { Json } from "../nouns.ts";

const MASK = "•••";
/** Options with such a name hold secrets, whatever they look like. */
const TELLING = /secret|token|passw|passphrase|key|credential|auth/i;
/** Shorter texts are no secrets, and would turn up everywhere. */
const LEAST_LENGTH = 6;

/**
 * Masks in `text` what of a route's options may be a secret: the values of options whose name says so, and all of a
 * URL but its origin.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const options = { webhookUrl: "https://hooks.slack.com/services/T0/B0/xyz", botToken: "123456:abcdef" };
 * assertEquals(
 *   maskOptions("error sending request for url (https://hooks.slack.com/services/T0/B0/xyz)", options),
 *   "error sending request for url (https://hooks.slack.com/•••)",
 * );
 * assertEquals(maskOptions("https://api.telegram.org/bot123456:abcdef/send failed", options),
 *   "https://api.telegram.org/bot•••/send failed");
 * ```
 */
export function maskOptions(text: string, options: Json): string {
  return secretsIn(options, false)
    .filter((secret) => secret.length >= LEAST_LENGTH)
    .sort((a, b) => b.length - a.length)
    .reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function secretsIn(value: Json, telling: boolean): string[] {
  if (typeof value === "string") {
    return [...telling ? [value, encodeURIComponent(value)] : [], ...urlSecrets(value)];
  }
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value)
    ? value.flatMap((item) => secretsIn(item, telling))
    : Object.entries(value).flatMap(([key, item]) => secretsIn(item, telling || TELLING.test(key)));
}

function urlSecrets(text: string): string[] {
  const url = URL.parse(text.trim());
  if (!url?.host) return [];
  const { username, password, pathname, search } = url;
  const path = pathname.replace(/^\//, "");
  return [path + search, path, search, `${username}:${password}`, password, decode(password)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
