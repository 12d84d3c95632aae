/** Keeps secrets out of what a dry run shows. @module */
import { MASK } from "../config/secrets.ts";
import { tellsOf } from "../config/telling_key.ts";
import type { Json } from "../nouns.ts";

/**
 * Makes a function that masks `secrets` (longest first). Of a URL the origin stays, so that one sees where a request
 * goes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const mask = createMask(["https://hooks.example/T0/x", 'a"b']);
 * assertEquals(mask("POST https://hooks.example/T0/x"), "POST https://hooks.example/•••");
 * assertEquals(mask('{"key":"a\\"b"}'), '{"key":"•••"}');
 * ```
 */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const masks = secrets.flatMap((secret) => {
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(secret) ? URL.parse(secret) : null;
    const mask = url?.host ? `${url.protocol}//${url.host}/${MASK}` : MASK;
    const forms = [secret, JSON.stringify(secret).slice(1, -1), ...url ? [url.href] : []];
    return [...new Set(forms)].map((form) => [form, mask] as const);
  }).sort(([a], [b]) => b.length - a.length);
  return (text) => masks.reduce((masked, [form, mask]) => masked.replaceAll(form, mask), text);
}

/**
 * A header's value as it may be shown: of a credential only its scheme.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(maskHeader("authorization", "Bearer sesame"), "Bearer •••");
 * assertEquals(maskHeader("x-api-key", "open sesame"), "•••");
 * assertEquals(maskHeader("x-team", "ops"), "ops");
 * ```
 */
export function maskHeader(name: string, value: string): string {
  if (tellsOf(name) === null) return value;
  const scheme = /authorization$/i.test(name) ? /^([A-Za-z]+) \S/.exec(value)?.[1] : undefined;
  return scheme === undefined ? MASK : `${scheme} ${MASK}`;
}

/** A copy of `value` with every text masked. */
export function maskDeep<T>(value: T, mask: (text: string) => string): T {
  const walk = (node: Json): Json => {
    if (typeof node === "string") return mask(node);
    if (Array.isArray(node)) return node.map(walk);
    if (node === null || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [mask(key), walk(item)]));
  };
  return walk(value as Json) as T;
}
