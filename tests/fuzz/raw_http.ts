/** Sends bytes as they are, and reads what comes back. @module */

/** What the bytes are sent to. */
export interface Target {
  hostname: string;
  port: number;
}

/** What came back. */
export interface RawAnswer {
  /** The status of each response, in order. */
  statuses: number[];
  /** The beginning of it all, for a person. */
  text: string;
}

const ANSWER_BYTES = 64 * 1024;
/** Between two reads; a connection that says nothing for so long is left. */
const PATIENCE_MS = 150;

/**
 * Sends `chunks` one after the other and reads until nothing more comes.
 *
 * @param answers So many responses are waited for with more patience.
 */
export async function sendRaw(
  target: Target,
  chunks: readonly Uint8Array[],
  answers: number,
): Promise<RawAnswer> {
  using connection = await Deno.connect(target);
  connection.setNoDelay(true);
  let text = "";
  const decoder = new TextDecoder("latin1");
  const buffer = new Uint8Array(ANSWER_BYTES);
  const reading = (async () => {
    for (let open = true; open && count(text) < answers;) {
      const length = await connection.read(buffer).catch(() => null);
      if (length === null) open = false;
      else text += decoder.decode(buffer.subarray(0, length));
    }
  })();
  for (const chunk of chunks) {
    for (let sent = 0; sent < chunk.length;) {
      const more = await connection.write(chunk.subarray(sent)).catch(() => null);
      if (more === null) break; // the other side has had enough
      sent += more;
    }
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) =>
    timer = setTimeout(resolve, answers > 0 ? 100 * PATIENCE_MS : PATIENCE_MS)
  );
  await Promise.race([reading, patience]);
  clearTimeout(timer);
  return { statuses: statusesIn(text), text: text.slice(0, 300) };
}

const STATUS_LINE = /HTTP\/1\.[01] (\d{3})/g;

function statusesIn(text: string): number[] {
  return [...text.matchAll(STATUS_LINE)].map(([, status]) => Number(status));
}

const count = (text: string) => statusesIn(text).length;

/** A request as bytes. Header values hold one character for each byte. */
export function requestBytes(
  { method = "POST", path = "/webhook", version = "HTTP/1.1", headers, body }: {
    method?: string;
    path?: string;
    version?: string;
    headers: readonly (readonly [string, string])[];
    body: Uint8Array;
  },
): Uint8Array {
  const head = `${method} ${path} ${version}\r\n${
    headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }\r\n`;
  const bytes = new Uint8Array(head.length + body.length);
  for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  bytes.set(body, head.length);
  return bytes;
}
