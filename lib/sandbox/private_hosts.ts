/** The addresses that "any public host" leaves out. @module */
import { isIPv4, isIPv6 } from "node:net";

/** IPv4 ranges that are not public: this network, private, shared, loopback, link-local, reserved, multicast. */
const RANGES: readonly string[] = [
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

/**
 * What to deny a process that may reach any public host: the ranges that are not public and this machine's own
 * addresses, but for the addresses in `named`. Deno matches an IPv4-mapped IPv6 address as IPv4, and takes no IPv6
 * ranges, so of IPv6 only single addresses can be denied.
 *
 * @param own This machine's addresses.
 * @param named Addresses that a route names, and so may be reached although they are not public.
 *
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * const denied = deniedHosts([], ["10.0.0.1"]);
 * assert(denied.includes("127.0.0.0/8"));
 * assert(denied.includes("10.0.0.0/32") && denied.includes("10.0.0.2/31"));
 * assertFalse(denied.includes("10.0.0.1/32"));
 * ```
 */
export function deniedHosts(own: readonly string[], named: readonly string[]): string[] {
  const spared = new Set(named);
  const ranges = named.filter((address) => isIPv4(address)).reduce(
    (left, address) => left.flatMap((range) => without(range, toNumber(address))),
    RANGES.map(toRange),
  );
  const single = [...own, "::", "::1"].map((address) => address.replace(/%.*$/, ""))
    .filter((address) => !spared.has(address));
  return [
    ...ranges.map(({ first, bits }) => `${toAddress(first)}/${bits}`),
    ...new Set(single.map((address) => isIPv6(address) ? `[${address}]` : address)),
  ];
}

/** Whether an address is one that "any public host" leaves out. */
export function isPrivate(address: string): boolean {
  if (isIPv4(address)) return RANGES.map(toRange).some((range) => holds(range, toNumber(address)));
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return isPrivate(mapped[1]!);
  return isIPv6(address) && !/^[23]/.test(address);
}

interface Range {
  first: number;
  bits: number;
}

const size = (bits: number) => 2 ** (32 - bits);
const holds = ({ first, bits }: Range, address: number) => address >= first && address < first + size(bits);
const toNumber = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (number: number) => [24, 16, 8, 0].map((shift) => (number / 2 ** shift) & 255).join(".");

function toRange(text: string): Range {
  const [address = "", bits = "32"] = text.split("/");
  return { first: toNumber(address), bits: Number(bits) };
}

/** A range without one address: halved until only that address is left. */
function without(range: Range, address: number): Range[] {
  if (!holds(range, address)) return [range];
  if (range.bits === 32) return [];
  const bits = range.bits + 1;
  return [{ first: range.first, bits }, { first: range.first + size(bits), bits }]
    .flatMap((half) => without(half, address));
}
