/** What a plugin's process may reach: pure functions from routes to grants. @module */
import { resolve } from "@std/path";
import { isPublicHost } from "../config/public_host.ts";
import type { Allow } from "../config/schema.ts";
import type { JsonObject } from "../nouns.ts";
import { hostOf, hostsIn } from "./hosts.ts";

/** One thing that a plugin may reach, and why. */
export interface Grant {
  kind: keyof Allow;
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

/**
 * What a route grants: the hosts of the URLs in its options, and what its `allow` names.
 *
 * @param folder Where relative paths of `allow.read` and `allow.write` begin: the config's folder.
 */
export function grantsOf(route: GrantingRoute, folder: string): Grant[] {
  const grant = (kind: Grant["kind"], target: string, why: string) => ({
    kind,
    target,
    route: route.name,
    why,
  });
  const { net = [], read = [], write = [], env = [], sys = [] } = route.allow;
  return [
    ...hostsIn(route.options, "options").map(({ host, path }) => grant("net", host, path)),
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
    return isNetTarget(target)
      ? null
      : 'must be a host, host:port, an IP address, or "*" for any public host';
  }
  if ((kind === "env" || kind === "sys") && !/^\w+$/.test(target)) return "must be a name, without a pattern";
  if (kind === "sys" && !SYS_NAMES.includes(target)) return `must be one of ${SYS_NAMES.join(", ")}`;
  return null;
}

/** What Deno can tell of a system. Another name it would refuse, and the plugin's process with it. */
const SYS_NAMES = [
  "cpus",
  "getegid",
  "getPriority",
  "gid",
  "homedir",
  "hostname",
  "loadavg",
  "networkInterfaces",
  "osRelease",
  "osUptime",
  "setPriority",
  "statfs",
  "systemMemoryInfo",
  "uid",
  "userInfo",
  "username",
];

/** Whether Deno takes it: what it does not, it would refuse, and the plugin's process with it. */
function isNetTarget(target: string): boolean {
  if (!NET_TARGET.test(target)) return false;
  const [, address] = /^(\[.*\])/.exec(target) ?? [];
  const [, before, bits] = /^(.*)\/(\d+)/.exec(target) ?? [];
  const [, port] = /:(\d+)$/.exec(target) ?? [];
  return (address === undefined || URL.parse(`http://${address}`) !== null) &&
    (before === undefined || /^\d{1,3}(\.\d{1,3}){3}$/.test(before) && Number(bits) <= 32) &&
    (port === undefined || Number(port) <= 65535);
}

/** A host name or IPv4 address (a leading `*.` takes all below it), an IPv4 range, or an IPv6 address in brackets. */
const NET_TARGET =
  /^((\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?(\/\d{1,2})?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;

/**
 * Whether the granted hosts cover one (`host:port`).
 *
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * const net = (target: string) => ({ kind: "net" as const, target, route: "r", why: "" });
 * assert(coversHost([net("api.example")], "api.example:443"));
 * assertFalse(coversHost([net("api.example:80")], "api.example:443"));
 * assertFalse(coversHost([net("*")], "localhost:80"));
 * ```
 */
export function coversHost(grants: readonly Grant[], host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return grants.some(({ kind, target }) => {
    if (kind !== "net") return false;
    if (target.startsWith("*.")) {
      return `.${name}`.endsWith(target.slice(1)) || `.${host}`.endsWith(target.slice(1));
    }
    return (target === "*" && isPublicHost(name)) || target === name || target === host;
  });
}

/** The same text for grants of the same. */
export function grantKey(grants: readonly Grant[]): string {
  return [...new Set(grants.map(({ kind, target }) => `${kind} ${target}`))].sort().join("\n");
}
