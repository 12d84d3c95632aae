/** The process's end of the protocol. @module */
import { lineSplitter } from "../line_splitter.ts";
import type { FromPlugin, ToPlugin } from "../protocol.ts";

/** Lines to and from the relay. */
export interface Channel {
  /** Sends with all else of this turn of the event loop: each write costs both ends time. */
  send(message: FromPlugin): void;
  /** Sends what waits, before it returns. */
  flush(): void;
  /** The relay's messages, those together that came at once; ends when the relay is gone. */
  messages(): AsyncGenerator<ToPlugin[]>;
}

/** More than this waits for no end of a turn, so that a loop that logs without end fills no memory. */
const BATCH_CHARS = 64 * 1024;

/** Opens the channel. All that it needs is taken now, before a plugin could replace it. */
export function openChannel(): Channel {
  const { parse, stringify } = JSON;
  const { stdin, stdout, exit } = Deno;
  const read = stdin.read.bind(stdin);
  const write = stdout.writeSync.bind(stdout);
  const encoder = new TextEncoder();
  const encode = encoder.encode.bind(encoder);
  const later = setImmediate;
  let token = "";
  let batch = "";

  function flush() {
    if (batch === "") return;
    const bytes = encode(batch);
    batch = "";
    try {
      for (let sent = 0; sent < bytes.length;) sent += write(bytes.subarray(sent));
    } catch {
      exit(0); // the relay is gone: to tell of it would fail in the same way, again and again
    }
  }

  globalThis.addEventListener("unload", flush); // also when the plugin ends the process

  return {
    send(message) {
      if (batch === "") later(flush);
      batch += `${token}${stringify(message)}\n`;
      if (batch.length > BATCH_CHARS) flush();
    },
    flush,
    async *messages() {
      const split = lineSplitter(Number.MAX_SAFE_INTEGER);
      const buffer = new Uint8Array(64 * 1024);
      for (;;) {
        const length = await read(buffer);
        if (length === null) return;
        const messages: ToPlugin[] = [];
        for (const line of split(buffer.subarray(0, length))) {
          const message = parse(line) as ToPlugin;
          if (message.t === "load") token = message.token;
          messages.push(message);
        }
        yield messages;
      }
    },
  };
}
