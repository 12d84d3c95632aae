/** Ranges of IPv4 addresses. @module */

/** All addresses whose first `bits` bits are those of `first`, the first of them as a number. */
export interface Range {
  first: number;
  bits: number;
}

/**
 * Reads an address, or a range as `10.0.0.0/8`.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lastOf, toAddress, toRange } from "./ipv4_range.ts";
 *
 * assertEquals(toRange("10.0.0.1"), { first: 167_772_161, bits: 32 });
 * assertEquals(toAddress(lastOf(toRange("10.0.0.0/8"))), "10.255.255.255");
 * ```
 */
export function toRange(text: string): Range {
  const [address = "", bits = "32"] = text.split("/");
  return {
    first: address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0),
    bits: Number(bits),
  };
}

/** How many addresses a range of so many bits has. */
export const sizeOf = (bits: number): number => 2 ** (32 - bits);

/** The last address of a range, as a number. */
export const lastOf = ({ first, bits }: Range): number => first + sizeOf(bits) - 1;

/** A number as an address is written. */
export const toAddress = (number: number): string =>
  [24, 16, 8, 0].map((shift) => (number / 2 ** shift) & 255).join(".");
