/** Where a listener is reached from this machine. @module */

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
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  const host = bare === "0.0.0.0" ? "127.0.0.1" : bare === "::" ? "::1" : bare;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
