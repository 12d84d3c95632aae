/** A receiving end: a real HTTP server that keeps what it gets. @module */
import { until } from "./until.ts";

/** One request that arrived. */
export interface Received {
  method: string;
  path: string;
  headers: Record<string, string>;
  text: string;
}

/**
 * Starts a receiver on a free port.
 *
 * @param answer Decides the answer; default: 200.
 */
export function startReceiver(
  answer: (received: Received, count: number) => Response | Promise<Response> = ok,
) {
  const received: Received[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const one = {
      method: request.method,
      path: new URL(request.url).pathname,
      headers: Object.fromEntries(request.headers),
      text: await request.text(),
    };
    received.push(one);
    return await answer(one, received.length);
  });
  return {
    received,
    url: `http://127.0.0.1:${server.addr.port}`,
    /** Waits until so many requests have arrived. */
    arrived: (count: number) => until(`${count} requests have arrived`, () => received.length >= count),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

function ok(): Response {
  return new Response("ok");
}
