/** Writes what the relay says to a process. @module */
import type { ToPlugin } from "./protocol.ts";

/** Says something to a process. */
export interface Speaker {
  say(message: ToPlugin): void;
  close(): void;
}

/** Writes to a process's stdin, at once what a turn of the event loop gathers. That it has ended is seen elsewhere. */
export function writeLines(stdin: WritableStream<Uint8Array>): Speaker {
  const writer = stdin.getWriter();
  const encoder = new TextEncoder();
  let batch = "";
  return {
    say(message) {
      if (batch === "") {
        queueMicrotask(() => {
          const bytes = encoder.encode(batch);
          batch = "";
          writer.write(bytes).catch(() => {});
        });
      }
      batch += JSON.stringify(message) + "\n";
    },
    close() {
      writer.close().catch(() => {});
    },
  };
}
