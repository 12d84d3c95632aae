/** Names and addresses of hosts, as people and URLs write them. @module */

/**
 * Whether a text has the form of a host name, an IPv4 address or an IPv6 address (with brackets or without), so that
 * Deno's permissions can name it. Whether there is such a host is another question.
 *
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(isHostname("relay.example.com"));
 * assert(isHostname("::1"));
 * assertFalse(isHostname("hooks..slack.com"));
 * assertFalse(isHostname("my host"));
 * ```
 */
export function isHostname(text: string): boolean {
  if (!text.includes(":")) return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(text);
  const address = withoutBrackets(text).replace(/%[\w.-]+$/, "");
  return URL.parse(`http://[${address}]`) !== null;
}

/** An IPv6 address without the brackets that it has in a URL; any other host as it is. */
export const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");
