/** What a plugin's process may reach: pure functions from routes to grants. @module */
import { resolve } from "@std/path";
import type { Allow } from "../config/schema.ts";
import type { Json, JsonObject } from "../nouns.ts";

/** The kinds of access that a route can grant. */
export type GrantKind = "net" | "read" | "write" | "env" | "sys";

/** One thing that a plugin may reach, and why. */
export interface Grant {
  kind: GrantKind;
  /** `host:port`, `host`, `*` (any public host), an absolute path, or a name. */
  target: string;
  /** The route that grants it. */
  route: string;
  /** Where the route says so, such as `options.webhookUrl` or `allow.net[0]`. */
  why: string;
}

/** What is needed of a route to know what it grants. */
export interface GrantingRoute {
  name: string;
  options: JsonObject;
  allow: Allow;
}

/** Ports of the URLs that grant their host. */
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
  const host = URL.parse(`http://${url.host.replace(/:\d*$/, "")}`)?.hostname ?? "";
  return host === "" ? null : `${host}:${url.port || port}`;
}

/**
 * What a route grants: the hosts of the URLs in its options, and what its `allow` names.
 *
 * @param folder Where relative paths of `allow.read` and `allow.write` begin: the config's folder.
 */
export function grantsOf(route: GrantingRoute, folder: string): Grant[] {
  const grant = (kind: GrantKind, target: string, why: string) => ({ kind, target, route: route.name, why });
  const { net = [], read = [], write = [], env = [], sys = [] } = route.allow;
  return [
    ...textsIn(route.options, "options").flatMap(({ text, path }) => {
      const host = hostOf(text);
      return host === null ? [] : [grant("net", host, path)];
    }),
    ...net.map((host, i) => grant("net", hostOf(host) ?? host.trim().toLowerCase(), `allow.net[${i}]`)),
    ...read.map((path, i) => grant("read", resolve(folder, path), `allow.read[${i}]`)),
    ...write.map((path, i) => grant("write", resolve(folder, path), `allow.write[${i}]`)),
    ...env.map((name, i) => grant("env", name, `allow.env[${i}]`)),
    ...sys.map((name, i) => grant("sys", name, `allow.sys[${i}]`)),
  ];
}

/** What is wrong with a grant, for a person; null when nothing is. Nothing may be granted by accident. */
export function grantMistake({ kind, target }: Grant): string | null {
  if (target === "" || target.includes(",")) return "must name one thing; write several as several";
  if (kind === "net" && target !== "*") {
    return NET_TARGET.test(target)
      ? null
      : 'must be a host, host:port, an IP address, or "*" for any public host';
  }
  if ((kind === "env" || kind === "sys") && !/^\w+$/.test(target)) return "must be a name, without a pattern";
  return null;
}

/** A host name or IPv4 address (a leading `*.` takes all below it), an IPv4 range, or an IPv6 address in brackets. */
const NET_TARGET =
  /^((\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?(\/\d{1,2})?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;

function textsIn(value: Json, path: string): { text: string; path: string }[] {
  if (typeof value === "string") return [{ text: value, path }];
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value)
    ? value.flatMap((item, i) => textsIn(item, `${path}[${i}]`))
    : Object.entries(value).flatMap(([key, item]) => textsIn(item, `${path}.${key}`));
}
