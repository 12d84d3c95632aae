/** A plugin's `fetch`: the runtime's own, with refusals put in words and told to the relay. @module */
import { refusalOf } from "./failure.ts";

/**
 * Wraps `fetch`.
 *
 * @param ipv4Only Connect over IPv4 alone. A process that may reach any public host is kept from private networks by a
 * deny list, and Deno's takes no IPv6 ranges.
 * @param onRefusal Told each error that says the process lacks a permission.
 */
export function watchedFetch(ipv4Only: boolean, onRefusal: (error: unknown) => void): typeof fetch {
  const original = globalThis.fetch;
  const client = ipv4Only ? Deno.createHttpClient({ localAddress: "0.0.0.0" }) : undefined;
  return async (input, init) => {
    try {
      return await original(input, client === undefined ? init : { client, ...init } as RequestInit);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      onRefusal(error);
      throw new Deno.errors.NotCapable(
        `Requires net access to "${refusal.target}", which its route does not grant`,
      );
    }
  };
}
