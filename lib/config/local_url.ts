/** Where a listener is reached from this machine. @module */
import { withoutBrackets } from "./hostname.ts";

/**
 * The origin of a listener's address, for who is on the same machine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(localUrl({ hostname: "0.0.0.0", port: 8080 }), "http://127.0.0.1:8080");
 * assertEquals(localUrl({ hostname: "::", port: 8080 }), "http://[::1]:8080");
 * ```
 */
export function localUrl({ hostname, port }: { hostname: string; port: number }): string {
  const bare = withoutBrackets(hostname);
  const host = LOCAL.get(bare) ?? bare;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether who listens there listens at every address of the machine. */
export function isEveryAddress(hostname: string): boolean {
  return LOCAL.has(withoutBrackets(hostname));
}

/** For what stands for every address, the one to reach it by from this machine. */
const LOCAL = new Map([["0.0.0.0", "127.0.0.1"], ["::", "::1"]]);
