/** A TCP proxy that can be told to misbehave as networks do. @module */

/** What becomes of the bytes: passed on, passed on late (milliseconds), swallowed, or the connection is cut. */
export type Conduct = "pass" | "swallow" | "cut" | { delayMs: number };

/** Passes connections on to a port of this machine. Dispose of it at the end. */
export function startProxy(port: number) {
  let conduct: Conduct = "pass";
  const open = new Set<Deno.Conn>();
  let taken = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const client of listener) {
      taken++;
      void serve(client);
    }
  })().catch(() => {});

  async function serve(client: Deno.Conn) {
    if (conduct === "cut") return client.close();
    open.add(client);
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      open.add(server);
      await Promise.race([pump(client, server), pump(server, client)]);
      close(server);
    } catch {
      // Whoever is at the other end sees it.
    }
    close(client);
  }

  async function pump(from: Deno.Conn, to: Deno.Conn) {
    const buffer = new Uint8Array(65_536);
    try {
      for (let count; (count = await from.read(buffer)) !== null;) {
        const bytes = buffer.slice(0, count);
        if (conduct === "swallow") continue;
        if (typeof conduct === "object") {
          const { delayMs } = conduct;
          await new Promise((resolve) => setTimeout(resolve, delayMs));
        }
        for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
      }
    } catch {
      // It was closed.
    }
  }

  function close(connection: Deno.Conn) {
    if (!open.delete(connection)) return;
    try {
      connection.close();
    } catch {
      // It is.
    }
  }

  return {
    port: (listener.addr as Deno.NetAddr).port,
    /** How many connections were made to it. */
    taken: () => taken,
    /** Changes how it behaves; `cut` ends the connections that are open, too. */
    set(next: Conduct) {
      conduct = next;
      if (next === "cut") { for (const connection of [...open]) close(connection); }
    },
    /** Ends the connections that are open; new ones are as welcome as before. */
    cutOnce() {
      for (const connection of [...open]) close(connection);
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      this.set("cut");
      await serving;
    },
  };
}
