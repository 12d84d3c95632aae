/** Notes what a run sends, so that a person can see it with the attempt. @module */
import { SENT_LIMITS, type SentTold } from "../sent.ts";

/** What one run sent. */
export interface SentNotes {
  /** Notes a request that is about to be sent; undefined for what leaves no machine, and when there is no more room. */
  request(input: RequestInfo | URL, init: RequestInit | undefined): RequestNote | undefined;
  /** Notes what the plugin says it sent. */
  note(what: string, body: string): void;
  /** All of it, for the relay; undefined when nothing was sent. */
  told(): SentTold[] | undefined;
}

/** A request under way. */
export interface RequestNote {
  answered(status: number): void;
  /** It was not sent after all. */
  refused(): void;
}

/** Makes notes for one run. They are small whatever the run sends. */
export function createSentNotes(): SentNotes {
  const items: SentTold[] = [];
  let more = 0;
  let room: number = SENT_LIMITS.body;

  function add(what: string): SentTold | undefined {
    if (items.length >= SENT_LIMITS.items) {
      more++;
      return undefined;
    }
    const item = { what: what.slice(0, SENT_LIMITS.what), status: null, body: "", left: 0 };
    items.push(item);
    return item;
  }

  function setBody(item: SentTold, text: string, length = text.length) {
    item.body = text.slice(0, room);
    item.left = length - item.body.length;
    room -= item.body.length;
  }

  return {
    request(input, init) {
      const request = input instanceof Request ? input : null;
      const url = request?.url ?? String(input);
      if (!/^https?:/i.test(url)) return undefined;
      const item = add(`${init?.method ?? request?.method ?? "GET"} ${url}`);
      if (item === undefined) return undefined;
      const body = init?.body ?? null;
      if (body !== null) setBody(item, ...textOf(body));
      // The beginning of a copy: the request itself is still to be sent.
      else if (request?.body) void beginning(request).then((text) => setBody(item, text), () => {});
      return {
        answered: (status) => item.status = status,
        refused() {
          room += item.body.length;
          items.splice(items.indexOf(item), 1);
        },
      };
    },
    note(what, body) {
      const item = add(what);
      if (item !== undefined) setBody(item, body);
    },
    told() {
      if (items.length === 0) return undefined;
      return more === 0 ? items : [...items, { what: `and ${more} more`, status: null, body: "", left: 0 }];
    },
  };
}

/** A body as text, no more of it than is kept, and how long it is. */
function textOf(body: BodyInit): [text: string, length: number] {
  if (typeof body === "string") return [body, body.length];
  if (body instanceof URLSearchParams) return textOf(body.toString());
  if (body instanceof ArrayBuffer) return textOf(new Uint8Array(body));
  if (ArrayBuffer.isView(body)) {
    const bytes = new Uint8Array(body.buffer, body.byteOffset, Math.min(body.byteLength, SENT_LIMITS.body));
    const text = decoded(bytes);
    return text === null
      ? textOf(`(${body.byteLength} bytes)`)
      : [text, text.length + body.byteLength - bytes.length];
  }
  if (body instanceof Blob) return textOf(`(${body.size} bytes)`);
  return textOf(body instanceof FormData ? `(a form: ${[...body.keys()].join(", ")})` : "(a stream)");
}

/** Bytes as text, without what was cut at the end; null when they are none. */
function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}

async function beginning(request: Request): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of request.clone().body ?? []) { // leaving the loop cancels the copy
    chunks.push(chunk);
    length += chunk.length;
    if (length >= SENT_LIMITS.body) break;
  }
  return decoded(await new Blob(chunks).bytes()) ?? `(${length} bytes or more)`;
}
