/** The process's end of the protocol. @module */
import { type FromPlugin, lineSplitter, type ToPlugin } from "../protocol.ts";

/** Lines to and from the relay. */
export interface Channel {
  /** Sends with the next batch, at the end of the running microtask. */
  send(message: FromPlugin): void;
  /** Sends what waits and then this, before it returns. */
  sendNow(message: FromPlugin): void;
  /** The relay's messages; ends when the relay is gone. */
  messages(): AsyncGenerator<ToPlugin>;
}

/** More than this waits for no microtask, so that a loop that logs without end fills no memory. */
const BATCH_CHARS = 64 * 1024;

/** Opens the channel. All that it needs is taken now, before a plugin could replace it. */
export function openChannel(): Channel {
  const { parse, stringify } = JSON;
  const { stdin, stdout, exit } = Deno;
  const read = stdin.read.bind(stdin);
  const write = stdout.writeSync.bind(stdout);
  const encoder = new TextEncoder();
  const encode = encoder.encode.bind(encoder);
  const later = queueMicrotask;
  let token = "";
  let batch = "";

  function flush() {
    const bytes = encode(batch);
    batch = "";
    try {
      for (let sent = 0; sent < bytes.length;) sent += write(bytes.subarray(sent));
    } catch {
      exit(0); // the relay is gone: to tell of it would fail in the same way, again and again
    }
  }

  function put(message: FromPlugin) {
    batch += `${token}${stringify(message)}\n`;
  }

  return {
    send(message) {
      if (batch === "") later(flush);
      put(message);
      if (batch.length > BATCH_CHARS) flush();
    },
    sendNow(message) {
      put(message);
      flush();
    },
    async *messages() {
      const split = lineSplitter(Number.MAX_SAFE_INTEGER);
      const buffer = new Uint8Array(64 * 1024);
      for (;;) {
        const length = await read(buffer);
        if (length === null) return;
        for (const line of split(buffer.subarray(0, length))) {
          const message = parse(line) as ToPlugin;
          if (message.t === "load") token = message.token;
          yield message;
        }
      }
    },
  };
}
