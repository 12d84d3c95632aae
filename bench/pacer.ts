/// <reference lib="deno.worker" />
/** A thread that tells, to a twentieth of a millisecond, when each of many requests is due. @module */

/** When to tell. */
export interface Pace {
  /** Of {@linkcode clock}. */
  first: number;
  everyMs: number;
  count: number;
}

/** Milliseconds, finer than whole ones, and the same in all threads. */
export const clock = (): number => performance.timeOrigin + performance.now();

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  self.onmessage = ({ data: { first, everyMs, count } }: MessageEvent<Pace>) => {
    for (let index = 0; index < count; index++) {
      const left = first + index * everyMs - clock();
      if (left > 0) Atomics.wait(never, 0, 0, left);
      self.postMessage(index); // this and all before it are due
    }
  };
}
