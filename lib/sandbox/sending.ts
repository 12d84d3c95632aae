/** What a plugin would have sent, as the recorder of a dry run tells it. @module */
import { shorten } from "./protocol.ts";

/** Something that would have gone out. */
export type Sending =
  | {
    kind: "request";
    method: string;
    url: string;
    /** Names in lower case. */
    headers: Record<string, string>;
    body: string;
  }
  | {
    kind: "mail";
    /** `host:port`. */
    server: string;
    encrypted: boolean;
    signedIn: boolean;
    /** Of the envelope. */
    from: string;
    to: string[];
    /** The message as it would be sent (RFC 5322). */
    message: string;
  }
  /** Whatever else was written to a connection. */
  | { kind: "connection"; server: string; text: string }
  /** A file that would have been written; `text` is null when it would have been removed. */
  | { kind: "file"; path: string; text: string | null };

/** Bounds on what is told of one thing. */
export const SENDING_LIMITS = {
  /** Characters of a body, message or file. */
  text: 256 * 1024,
  /** Characters of anything else. */
  word: 8 * 1024,
  /** Headers of a request, recipients of a mail. */
  items: 200,
} as const;

const word = (value: unknown) => shorten(String(value), SENDING_LIMITS.word);
const text = (value: unknown) => shorten(String(value), SENDING_LIMITS.text);

/** A sending as the process told it. Throws when it is not of its form. */
export function readSending(told: unknown): Sending {
  const sending = (told ?? {}) as Record<string, unknown>;
  switch (sending["kind"]) {
    case "request": {
      const headers = Object.entries(Object(sending["headers"])).slice(0, SENDING_LIMITS.items);
      return {
        kind: "request",
        method: word(sending["method"]),
        url: word(sending["url"]),
        headers: Object.fromEntries(headers.map(([name, value]) => [word(name), word(value)])),
        body: text(sending["body"]),
      };
    }
    case "mail": {
      const { server, encrypted, signedIn, from, to, message } = sending;
      return {
        kind: "mail",
        server: word(server),
        encrypted: encrypted === true,
        signedIn: signedIn === true,
        from: word(from),
        to: Array.isArray(to) ? to.slice(0, SENDING_LIMITS.items).map(word) : [],
        message: text(message),
      };
    }
    case "connection":
      return { kind: "connection", server: word(sending["server"]), text: text(sending["text"]) };
    case "file": {
      const content = sending["text"];
      return { kind: "file", path: word(sending["path"]), text: content === null ? null : text(content) };
    }
    default:
      throw new Error("unknown sending");
  }
}
