/** A real HTTP server on loopback that stands for a receiver. @module */

/** A request that arrived. */
export interface Arrived {
  method: string;
  path: string;
  headers: Headers;
  body: string;
}

/** A running double. */
export interface Listening extends AsyncDisposable {
  origin: string;
  arrived: Arrived[];
  /** Answers the next requests, one each, instead of the double itself; `"hang"` never answers. */
  next: (Response | "hang")[];
}

/** Listens on a port of the system's choice, and answers by `answer`. */
export function listen(answer: (request: Arrived) => Response | Promise<Response>): Listening {
  const arrived: Arrived[] = [];
  const next: Listening["next"] = [];
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      const one: Arrived = {
        method: request.method,
        path: url.pathname + url.search,
        headers: request.headers,
        body: await request.text(),
      };
      arrived.push(one);
      const planned = next.shift();
      if (planned === "hang") {
        await stopped;
        return new Response(null, { status: 504 });
      }
      return planned ?? await answer(one);
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    arrived,
    next,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}
