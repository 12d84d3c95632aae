/** Reads what a process writes, no faster than is good for the relay. @module */
import { LIMITS, lineSplitter } from "./protocol.ts";

/** A pause at least so long is worth making. */
const LEAST_PAUSE_MS = 50;

/**
 * Hands each line of `stream` to `take`, until it ends. What comes faster than {@linkcode LIMITS.bytesPerSecond} is left
 * in the pipe for a while, which holds up its writer.
 *
 * @param pause Asked after every chunk: milliseconds to leave the rest in the pipe for another reason.
 * @throws {RangeError} When a line is longer than {@linkcode LIMITS.lineBytes}.
 */
export async function readLines(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
  now: () => number,
  pause: () => number = () => 0,
): Promise<void> {
  const split = lineSplitter(LIMITS.lineBytes);
  let began = now();
  let bytes = 0;
  for await (const chunk of stream) {
    for (const line of split(chunk)) take(line);
    bytes += chunk.length;
    const ahead = began + 1000 * bytes / LIMITS.bytesPerSecond - now();
    const wait = Math.max(ahead, pause());
    if (wait >= LEAST_PAUSE_MS) await new Promise((resolve) => setTimeout(resolve, wait));
    if (ahead <= 0) {
      began = now();
      bytes = 0;
    }
  }
}
