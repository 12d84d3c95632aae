/** Whether an address stays on this machine. @module */
import { withoutBrackets } from "./hostname.ts";

/**
 * Whether a host name or address is a loopback one: `localhost`, 127.0.0.0/8, `::1`.
 *
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 *
 * for (const host of ["127.0.0.1", "Localhost", "::1", "[::ffff:127.0.0.1]"]) assert(isLoopback(host), host);
 * assertFalse(isLoopback("127.example.com"));
 * ```
 */
export function isLoopback(hostname: string): boolean {
  const host = withoutBrackets(hostname.toLowerCase()).replace(/^::ffff:(?=\d+\.)/, "");
  return host === "localhost" || host === "::1" || host === "0:0:0:0:0:0:0:1" ||
    /^127(\.\d{1,3}){3}$/.test(host);
}
