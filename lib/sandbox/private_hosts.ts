/** The addresses that "any public host" leaves out. @module */

import { lastOf, type Range, sizeOf, toAddress, toRange } from "../config/ipv4_range.ts";
import { NOT_PUBLIC } from "../config/public_host.ts";

/** An address that a route names, and so may be reached although it is not public. */
export interface NamedHost {
  /** Or an IPv4 range. */
  address: string;
  /** Null: every port. */
  port: number | null;
}

/**
 * What to deny a process that may reach any public host: the ranges that are not public and this machine's own
 * addresses, but for the addresses in `named`. Deno's denials win over what it allows and know no "all ports but", so
 * a named address is open on its other ports too, except for `ownPorts`.
 *
 * Deno matches an IPv4-mapped IPv6 address as IPv4. It takes no IPv6 ranges: of IPv6 only single addresses are denied.
 *
 * @param own This machine's addresses.
 * @param ownPorts Ports of the relay that stay denied on named addresses, unless named themselves.
 *
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * const denied = deniedHosts([], [{ address: "10.0.0.1", port: 9000 }], [8081]);
 * assert(denied.includes("127.0.0.0/8"));
 * assert(denied.includes("10.0.0.0/32") && denied.includes("10.0.0.2/31"));
 * assertFalse(denied.includes("10.0.0.1/32"));
 * assert(denied.includes("10.0.0.1:8081"));
 * ```
 */
export function deniedHosts(
  own: readonly string[],
  named: readonly NamedHost[],
  ownPorts: readonly number[],
): string[] {
  const spared = new Set(named.map(({ address }) => address));
  const ranges = [...spared].filter((address) => !address.includes(":")).map(toRange).reduce(
    (left, named) => left.flatMap((range) => without(range, named)),
    NOT_PUBLIC.map(toRange),
  );
  const single = new Set([...own, "::", "::1"].map((address) => address.replace(/%.*$/, "")));
  const ports = [...spared].flatMap((address) =>
    ownPorts.filter((port) => !named.some((host) => host.address === address && host.port === port))
      .map((port) => `${bracketed(address)}:${port}`)
  );
  return [
    ...ranges.map(({ first, bits }) => `${toAddress(first)}/${bits}`),
    ...[...single].filter((address) => !spared.has(address)).map(bracketed),
    ...ports,
  ];
}

const bracketed = (address: string) => address.includes(":") ? `[${address}]` : address;

/** What is left of a range without another: halved until each half lies inside or outside of that one. */
function without(range: Range, other: Range): Range[] {
  if (lastOf(range) < other.first || lastOf(other) < range.first) return [range];
  if (range.first >= other.first && lastOf(range) <= lastOf(other)) return [];
  const bits = range.bits + 1;
  return [{ first: range.first, bits }, { first: range.first + sizeOf(bits), bits }]
    .flatMap((half) => without(half, other));
}
