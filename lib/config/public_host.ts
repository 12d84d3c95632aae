/** Whether a host is out there, for everybody, and not on this machine or in this network. @module */

import { lastOf, toRange } from "./ipv4_range.ts";

/** IPv4 ranges that are not public: this network, private, shared, loopback, link-local, reserved, multicast. */
export const NOT_PUBLIC: readonly string[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];

/** Last segments of names that mean something in this network only. */
const INNER = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa"];

/**
 * Whether a host, as a URL has it, is a public address, or a name that is not one of this machine or this network by its
 * looks. Where a name leads is not looked up.
 *
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { isPublicHost } from "./public_host.ts";
 *
 * assert(isPublicHost("api.telegram.org"));
 * assert(isPublicHost("8.8.8.8"));
 * for (const host of ["localhost", "db", "nas.local", "10.0.0.1", "0x7f.1", "[::1]", "[::ffff:8.8.8.8]"]) {
 *   assertFalse(isPublicHost(host), host);
 * }
 * ```
 */
export function isPublicHost(host: string): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.replace(/\.$/, "") ?? "";
  if (name.startsWith("[")) return isPublicIpv6(name.slice(1, -1));
  if (/^\d+(\.\d+){3}$/.test(name)) return !isWithinAny(name);
  const segments = name.split(".");
  return segments.length > 1 && !INNER.includes(segments.at(-1)!);
}

/** Whether an address is in one of the ranges that are not public. */
function isWithinAny(address: string): boolean {
  const { first } = toRange(address);
  return RANGES.some((range) => range.first <= first && first <= lastOf(range));
}

const RANGES = NOT_PUBLIC.map(toRange);

/** Of what is given out to the world (2000::/3) all but 2001::/23, documentation, and 2002::/16, which holds IPv4. */
function isPublicIpv6(address: string): boolean {
  const [first = 0, second = 0] = address.split(":", 2).map((part) => parseInt(part || "0", 16));
  if (first < 0x2000 || first > 0x3fff || first === 0x2002) return false;
  return first !== 0x2001 || (second >= 0x200 && second !== 0xdb8);
}
