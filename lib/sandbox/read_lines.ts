/** Reads what a process writes, no faster than is good for the relay. @module */
import { lineSplitter } from "./line_splitter.ts";
import { LIMITS } from "./protocol.ts";

/** A pause at least so long is worth making. */
const LEAST_PAUSE_MS = 50;
/** What one read takes at most. */
const BUFFER_BYTES = 64 * 1024;

/**
 * Hands each line of `stream`, a stream of bytes, to `take`, until it ends. What comes faster than
 * {@linkcode LIMITS.bytesPerSecond} is left in the pipe for a while, which holds up its writer.
 *
 * @param pause Asked after every chunk and every pause: milliseconds to leave the rest in the pipe for another reason.
 * @throws {RangeError} When a line is longer than {@linkcode LIMITS.lineBytes}.
 */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
  now: () => number,
  pause: () => number = () => 0,
): Promise<void> {
  const split = lineSplitter(LIMITS.lineBytes);
  const reader = stream.getReader({ mode: "byob" });
  // One buffer for all reads: a new one for each would cost more than what is read.
  let buffer = new Uint8Array(BUFFER_BYTES);
  let began = now();
  let bytes = 0;
  try {
    for (;;) {
      const { value: chunk, done } = await reader.read(buffer);
      if (done) return;
      for (const line of split(chunk)) take(line);
      bytes += chunk.length;
      const at = now();
      if (at < began) [began, bytes] = [at, chunk.length]; // the clock was set back
      const ahead = began + 1000 * bytes / LIMITS.bytesPerSecond - at;
      for (let wait = Math.max(ahead, pause()); wait >= LEAST_PAUSE_MS; wait = pause()) {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
      if (ahead <= 0) {
        began = now();
        bytes = 0;
      }
      buffer = new Uint8Array(chunk.buffer);
    }
  } finally {
    await reader.cancel();
  }
}
