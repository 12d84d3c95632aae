/**
 * Keeps a route's secrets out of what is told of its attempts: errors and what was sent are stored and shown, and errors
 * are sent on as events.
 *
 * @module
 */
import { formsOf, longestFirst, MASK } from "../config/mask.ts";
import { credentialsIn, decoded } from "../config/secrets.ts";
import { tellsOf } from "../config/telling_key.ts";
import type { Json } from "../nouns.ts";
import { hostOf } from "./hosts.ts";

/** Shorter texts are no secrets, and would turn up everywhere. */
const LEAST_LENGTH = 6;

/**
 * The secrets of a route's options in every form that `formsOf` knows, longest first: the values whose name says so, and
 * all of a URL but its origin.
 *
 * @param more Forms of other secrets, to go with them.
 */
export function secretForms(options: Json, more: readonly string[] = []): string[] {
  const isLongEnough = ({ length }: string) => length >= LEAST_LENGTH;
  return longestFirst([
    ...formsOf(secretsIn(options, false).filter(isLongEnough)),
    ...more.filter(isLongEnough),
  ]);
}

/**
 * Masks in an error or a line of a log the `secrets` (as of {@linkcode secretForms}), also where it was shortened within
 * one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const secrets = secretForms({ webhookUrl: "https://hooks.slack.com/services/T0/B0/xyz", botToken: "123456:abcdef" });
 * assertEquals(
 *   maskTold("error sending request for url (https://hooks.slack.com/services/T0/B0/xyz)", secrets),
 *   "error sending request for url (https://hooks.slack.com/•••)",
 * );
 * assertEquals(maskTold("https://api.telegram.org/bot123456:abcdef/send failed", secrets),
 *   "https://api.telegram.org/bot•••/send failed");
 * assertEquals(maskTold("no such key: sesame", secretForms({ headers: { authorization: "Bearer sesame" } })), "no such key: •••");
 * assertEquals(maskTold("bot123456… (7 more characters)", secrets), "bot•••… (7 more characters)");
 * ```
 */
export function maskTold(text: string, secrets: readonly string[]): string {
  const parts = text.split(SHORTENED);
  return parts.map((part, index) => maskSecrets(part, secrets, index < parts.length - 1)).join("");
}

/** Before what stands for the rest of a shortened text. */
const SHORTENED = /(?=… \(\d+ more characters\))/;

/** Parameters of a URL or a form, and keys of JSON, whose values are secrets wherever they come from. */
const NAMED =
  "secret|passw|passphrase|credential|(?:api|routing|private)_?key|(?:access|refresh|id|bot|auth)_?token";
const IN_QUERY = new RegExp(
  `((?:[?&]|^)[\\w.-]{0,40}(?:${NAMED}|token|signature)[\\w.-]{0,40}=)[^&\\s#]+`,
  "gi",
);
const IN_JSON = new RegExp(`("[\\w.-]{0,40}(?:${NAMED})[\\w.-]{0,40}"\\s*:\\s*")(?:[^"\\\\]|\\\\.)+`, "gi");
const SOME_NAME = /secret|passw|passphrase|credential|key|token/i;
const IN_AUTHORITY = /(\/\/)[^/@\s]{1,500}@/g;

/**
 * Masks in what was sent the `secrets` (as of {@linkcode secretForms}), and what a name beside it says is one.
 *
 * @param cut Whether the text goes on: then its end may be the beginning of a secret.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(maskSent("GET https://me:pass@x.example/?token=abc&id=1", []), "GET https://•••@x.example/?token=•••&id=1");
 * assertEquals(maskSent('{"client_secret":"a\\"b","id":1}', []), '{"client_secret":"•••","id":1}');
 * assertEquals(maskSent("say 123456:abc", ["123456:abcdef"], true), "say •••");
 * ```
 */
export function maskSent(text: string, secrets: readonly string[], cut = false): string {
  let masked = maskSecrets(text, secrets, cut);
  // Most texts hold nothing of the kind, which is seen sooner than searched.
  if (masked.includes("@")) masked = masked.replace(IN_AUTHORITY, `$1${MASK}@`);
  if (masked.includes("=")) masked = masked.replace(IN_QUERY, `$1${MASK}`);
  return SOME_NAME.test(masked) ? masked.replace(IN_JSON, `$1${MASK}`) : masked;
}

function maskSecrets(text: string, secrets: readonly string[], cut: boolean): string {
  const begun = cut ? Math.max(0, ...secrets.map((secret) => overlap(text, secret))) : 0;
  const whole = begun > 0 ? text.slice(0, text.length - begun) + MASK : text;
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, MASK), whole);
}

/** How many characters at the end of `text` are the beginning of `secret`; 0 for a few, which may be chance. */
function overlap(text: string, secret: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length >= LEAST_LENGTH / 2; length--) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

function secretsIn(value: Json, telling: boolean): string[] {
  if (typeof value === "string") {
    // Of a URL to reach, the origin stays, so that one sees where it goes.
    return [
      ...telling && hostOf(value) === null ? [value, ...credentialsIn(value)] : [],
      ...urlSecrets(value),
    ];
  }
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value)
    ? value.flatMap((item) => secretsIn(item, telling))
    : Object.entries(value).flatMap(([key, item]) => secretsIn(item, telling || tellsOf(key) !== null));
}

function urlSecrets(text: string): string[] {
  const url = URL.parse(text.trim());
  if (!url?.host) return [];
  const { username, password, pathname, search, hash } = url;
  const path = pathname.replace(/^\//, "");
  return [
    path + search + hash,
    path + search,
    path,
    search,
    hash,
    ...password === "" ? [] : [
      `${username}:${password}`,
      `${decoded(username)}:${decoded(password)}`,
      password,
      decoded(password),
    ],
  ];
}
