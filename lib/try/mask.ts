/** Keeps secrets out of what a dry run shows. @module */
import { MASK } from "../config/mask.ts";
import { tellsOf } from "../config/telling_key.ts";

/**
 * Makes a function that masks forms of secrets, which come longest first. Of a URL the origin stays, so that one sees where
 * a request goes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formsOf } from "../config/mask.ts";
 * const mask = createMask(formsOf(["https://hooks.example/T0/x", 'a"b']));
 * assertEquals(mask("POST https://hooks.example/T0/x"), "POST https://hooks.example/•••");
 * assertEquals(mask('{"key":"a\\"b"}'), '{"key":"•••"}');
 * ```
 */
export function createMask(forms: readonly string[]): (text: string) => string {
  const masks = forms.map((form) => {
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(form) ? URL.parse(form) : null;
    return [form, url?.host ? `${url.protocol}//${url.host}/${MASK}` : MASK] as const;
  });
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
