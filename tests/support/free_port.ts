/** A port that nobody has. @module */

/** A free port; another program may take it before it is used. */
export function freePort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}
