/** Reads a request's body within a limit of size and a limit of time. @module */

/** `too_large` and `too_slow` are answered 413 and 408; `gone`: the sender left in the middle. */
export type Body = Uint8Array | "too_large" | "too_slow" | "gone";

/** How often deadlines are looked at: a body may be late by that much more. */
const TICK_MS = 250;

/** Makes a reader. One ticking clock serves all bodies under way, since a timer for each would cost more than the body. */
export function createBodyReader(limits: { maxBytes: number; timeoutMs: number }): {
  read(request: Request): Promise<Body>;
} {
  const waiting = new Map<(body: Body) => void, number>();
  let clock: ReturnType<typeof setInterval> | undefined;

  function tick() {
    const late = performance.now() - limits.timeoutMs;
    for (const [give, since] of waiting) {
      if (since > late) break; // in the order of arrival
      waiting.delete(give);
      give("too_slow");
    }
    if (waiting.size === 0) {
      clearInterval(clock);
      clock = undefined;
    }
  }

  return {
    read(request) {
      const length = request.headers.get("content-length");
      if (length !== null && Number(length) > limits.maxBytes) return Promise.resolve("too_large");
      return new Promise((resolve) => {
        waiting.set(resolve, performance.now());
        clock ??= setInterval(tick, TICK_MS);
        const give = (body: Body) => {
          waiting.delete(resolve);
          resolve(body);
        };
        const whole = length === null ? readChunks(request, limits.maxBytes) : request.bytes();
        whole.then(give, () => give("gone"));
      });
    },
  };
}

/** A body of unknown length is counted while it arrives. */
async function readChunks(request: Request, maxBytes: number): Promise<Body> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return "too_large";
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
