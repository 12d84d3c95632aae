/** Writes what the relay says to a process. @module */
import type { ToPlugin } from "./protocol.ts";

/** Says something to a process. */
export interface Speaker {
  say(message: ToPlugin): void;
  /** Resolves once the pipe to the process has room for all that was said: what it has not read by then is little. */
  taken(): Promise<void>;
  /** Whether somebody may still hear it. */
  readonly open: boolean;
  close(): void;
}

/** More messages than this are not kept for the end of a turn: the process may begin with the first of them meanwhile. */
const MOST_TOGETHER = 8;

/** Writes to a process's stdin, a few messages at once, at the latest when a turn ends. That it has ended is seen elsewhere. */
export function writeLines(stdin: WritableStream<Uint8Array>): Speaker {
  const writer = stdin.getWriter();
  const encoder = new TextEncoder();
  let batch = "";
  let messages = 0;
  let written: Promise<void> = Promise.resolve();
  let open = true;

  function flush() {
    if (messages === 0) return;
    const bytes = encoder.encode(batch);
    batch = "";
    messages = 0;
    written = writer.write(bytes).catch(() => {
      open = false;
    });
  }

  return {
    say(message) {
      batch += JSON.stringify(message) + "\n";
      if (++messages === 1) queueMicrotask(flush);
      else if (messages === MOST_TOGETHER) flush();
    },
    get open() {
      return open;
    },
    async taken() {
      await null; // until what was said in this turn is on its way
      await written;
    },
    close() {
      writer.close().catch(() => {});
    },
  };
}
