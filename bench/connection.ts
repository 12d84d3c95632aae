/** A connection to a receiver that takes one request after the other, as cheaply as it can be had. @module */

/** What came back. */
export interface Answer {
  status: number;
  /** Whether the connection takes another request. */
  reusable: boolean;
}

/** An open connection. */
export interface Connection {
  /** Sends a request and reads the whole answer. Only one at a time. */
  ask(request: Uint8Array): Promise<Answer>;
  close(): void;
}

const MOST_BYTES = 16 * 1024;

/** Connects to a receiver. */
export async function connect(hostname: string, port: number): Promise<Connection> {
  const socket = await Deno.connect({ hostname, port });
  socket.setNoDelay();
  const buffer = new Uint8Array(MOST_BYTES);
  const decoder = new TextDecoder();

  return {
    async ask(request) {
      for (let at = 0; at < request.length;) at += await socket.write(request.subarray(at));
      for (let filled = 0; filled < buffer.length;) {
        const more = await socket.read(buffer.subarray(filled));
        if (more === null) throw new Error("The receiver closed the connection before it had answered");
        filled += more;
        const text = decoder.decode(buffer.subarray(0, filled));
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) continue;
        const head = text.slice(0, end).toLowerCase();
        const length = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0);
        if (filled < end + 4 + length) continue;
        return { status: Number(head.slice(9, 12)), reusable: !head.includes("\r\nconnection: close") };
      }
      throw new Error(`The answer is longer than ${MOST_BYTES} bytes`);
    },
    close: () => socket.close(),
  };
}
