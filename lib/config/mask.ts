/** Takes secrets out of texts, in whatever form they stand there. @module */

/** What stands for a secret wherever one would be shown. */
export const MASK = "•••";

/** In base64 a shorter secret is so short that it would stand in other words too. */
const LEAST_FOR_BASE64 = 6;

/**
 * Secrets as they may be written, longest first: as they are, in a URL, in a form, in JSON, in JSON that is a text in
 * JSON, in base64 (but for its padding), and a URL as it is requested.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(formsOf(["open sesame"]), ["b3BlbiBzZXNhbWU", "open%20sesame", "open sesame", "open+sesame"]);
 * ```
 */
export function formsOf(secrets: readonly string[]): string[] {
  const forms = secrets.flatMap((secret) => {
    const inJson = escaped(secret);
    const url = URL.parse(secret);
    return [
      secret,
      encodeURIComponent(secret.toWellFormed()),
      new URLSearchParams([["", secret]]).toString().slice("=".length),
      inJson,
      escaped(inJson),
      ...secret.length < LEAST_FOR_BASE64 ? [] : inBase64(secret),
      ...url?.host ? [url.href] : [],
    ];
  });
  return longestFirst(forms.filter((form) => form !== ""));
}

/** Each once, the longest first: so that no part of one is left by a shorter one. */
export function longestFirst(forms: readonly string[]): string[] {
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

const escaped = (text: string) => JSON.stringify(text).slice(1, -1);

function inBase64(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  return (["base64", "base64url"] as const).map((alphabet) =>
    bytes.toBase64({ alphabet, omitPadding: true })
  );
}

/** `text` with every one of `forms` masked, which {@linkcode formsOf} gives. */
export function maskText(text: string, forms: readonly string[]): string {
  return forms.reduce((masked, form) => masked.replaceAll(form, MASK), text);
}

/**
 * A copy of plain data with every text masked.
 *
 * @param mask Masks a text.
 * @param maskKey Masks the key of an object. Default: as any text.
 */
export function maskDeep<T>(value: T, mask: (text: string) => string, maskKey = mask): T {
  const walk = (node: unknown): unknown => {
    if (typeof node === "string") return mask(node);
    if (Array.isArray(node)) return node.map(walk);
    if (node === null || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [maskKey(key), walk(item)]));
  };
  return walk(value) as T;
}
