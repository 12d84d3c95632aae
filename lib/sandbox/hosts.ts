/** The hosts that options name. @module */
import type { Json } from "../nouns.ts";

/** A host that a text in a JSON value names. */
export interface NamedUrl {
  /** Where the text stands, such as `options.hooks[0].url`. */
  path: string;
  /** `host:port`. */
  host: string;
}

/** Ports of the URLs that name a host to reach. */
const DEFAULT_PORTS: Record<string, string> = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
  "smtp:": "587",
  "smtps:": "465",
};

/**
 * The host and port of a URL that is one of http, https, ws, wss, smtp and smtps; null for anything else.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(hostOf("https://hooks.slack.com/services/T0/B0/x"), "hooks.slack.com:443");
 * assertEquals(hostOf("smtp://me:pass@mail.example"), "mail.example:587");
 * assertEquals(hostOf("see https://example.com"), null);
 * ```
 */
export function hostOf(text: string): string | null {
  const url = URL.parse(text.trim());
  const port = url === null ? undefined : DEFAULT_PORTS[url.protocol];
  if (url === null || port === undefined) return null;
  // Only http and its kin have their host put in a normal form (lower case, punycode, plain IPv4).
  const host = URL.parse(`http://${url.hostname}`)?.hostname ?? "";
  return host === "" ? null : `${host}:${url.port || port}`;
}

/**
 * The hosts of all URLs in a value; `path` is where the value stands.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(hostsIn({ to: ["http://a.example/x"] }, "options"), [{ path: "options.to[0]", host: "a.example:80" }]);
 * ```
 */
export function hostsIn(value: Json, path: string): NamedUrl[] {
  if (typeof value === "string") {
    const host = hostOf(value);
    return host === null ? [] : [{ path, host }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value)
    ? value.flatMap((item, i) => hostsIn(item, `${path}[${i}]`))
    : Object.entries(value).flatMap(([key, item]) => hostsIn(item, path === "" ? key : `${path}.${key}`));
}
