/** The addresses that "any public host" leaves out. @module */

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

interface Range {
  first: number;
  bits: number;
}

const bracketed = (address: string) => address.includes(":") ? `[${address}]` : address;
const size = (bits: number) => 2 ** (32 - bits);
const last = ({ first, bits }: Range) => first + size(bits) - 1;
const toNumber = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toAddress = (number: number) => [24, 16, 8, 0].map((shift) => (number / 2 ** shift) & 255).join(".");

function toRange(text: string): Range {
  const [address = "", bits = "32"] = text.split("/");
  return { first: toNumber(address), bits: Number(bits) };
}

/** What is left of a range without another: halved until each half lies inside or outside of that one. */
function without(range: Range, other: Range): Range[] {
  if (last(range) < other.first || last(other) < range.first) return [range];
  if (range.first >= other.first && last(range) <= last(other)) return [];
  const bits = range.bits + 1;
  return [{ first: range.first, bits }, { first: range.first + size(bits), bits }]
    .flatMap((half) => without(half, other));
}
