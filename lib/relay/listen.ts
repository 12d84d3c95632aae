/** Serves HTTP, and goes on serving when the system runs out of what a connection needs. @module */
import { messageOf } from "../message_of.ts";

/** A listener in service. */
export interface Listener {
  addr: Deno.NetAddr;
  /** Takes no more connections, and resolves when all requests are answered. */
  shutdown(): Promise<void>;
}

/** How one is made. */
export interface ListenOptions {
  hostname: string;
  /** 0 lets the system choose. */
  port: number;
  handler: Deno.ServeHandler<Deno.NetAddr>;
  /** Answers a request whose handler threw. */
  onError(error: unknown): Response | Promise<Response>;
  /** Told, once a second, that connections can no longer be taken; it is tried again at once, again and again. */
  onFault(error: unknown): void;
}

/** An address that cannot be listened at; `cause` is what the system said. */
export class CannotListen extends Error {
  override name = "CannotListen";
  /** @param address `host:port`. */
  constructor(public readonly address: string, cause: unknown) {
    super(`Cannot listen at ${address}: ${messageOf(cause)}`, { cause });
  }
}

const TRY_AGAIN_MS = 200;
const TOLD_EVERY_MS = 1000;

/**
 * Starts a listener. Later failures (too many open files) end the server that the runtime gives us, with its open
 * connections; another takes its place on the same port as soon as that can be.
 *
 * @throws {CannotListen} When the address cannot be had.
 */
export function listen({ hostname, port, handler, onError, onFault }: ListenOptions): Listener {
  let stopping = false;
  let toldAt = -Infinity;
  let server = first();
  const { addr } = server;

  function first() {
    try {
      return start(port);
    } catch (error) {
      throw new CannotListen(`${hostname}:${port}`, error);
    }
  }

  function start(port: number): Deno.HttpServer<Deno.NetAddr> {
    const started = Deno.serve({ hostname, port, onError, onListen() {} }, handler);
    started.finished.catch((error) => {
      if (stopping) return;
      if (performance.now() - toldAt > TOLD_EVERY_MS) {
        toldAt = performance.now();
        onFault(error);
      }
      startAgain();
    });
    return started;
  }

  function startAgain() {
    if (stopping) return;
    try {
      server = start(addr.port);
    } catch {
      setTimeout(startAgain, TRY_AGAIN_MS);
    }
  }

  return {
    addr,
    async shutdown() {
      stopping = true;
      await server.shutdown().catch(() => {}); // one that has just failed has no connections to wait for
    },
  };
}
