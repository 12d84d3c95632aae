/** Whoever a plugin would have been connected to: answers as a web or mail server would, and tells what was sent. @module */
import type { Sending } from "../../sending.ts";
import { createSmtp, type SmtpConversation } from "./smtp.ts";

/** The other end of a connection. */
export interface Peer {
  /** `host:port`. */
  readonly server: string;
  /** Takes what the plugin writes. */
  take(bytes: Uint8Array): void;
  /** TLS begins. */
  encrypt(): void;
  /** Where what it says goes from now on. */
  sayTo(say: (bytes: Uint8Array) => void): void;
  /** The plugin has ended the connection. */
  close(): void;
}

/** What a request is answered by. */
export const ANSWER = '{"ok":true}';

/** Long enough for a client that speaks first, as of HTTP, to do so. */
const GREET_AFTER_MS = 2;
const SMTP_VERB = /^(EHLO|HELO|LHLO|MAIL|RCPT|DATA|AUTH|STARTTLS|NOOP|RSET|QUIT)\b/i;
const HTTP_HEAD = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r\n([^]*?)\r\n\r\n/;

/** Makes a peer. What it is sent it hands to `tell`, a request or a mail at a time. */
export function createPeer(
  server: string,
  encrypted: boolean,
  tell: (sending: Sending) => void,
): Peer {
  let say: (bytes: Uint8Array) => void = () => {};
  let secure = encrypted;
  let smtp: SmtpConversation = newSmtp();
  let speaks: "smtp" | "http" | "other" | null = null;
  /** Not yet understood, one byte a character. */
  let unread = "";
  let greeting = greetSoon();

  function greetSoon() {
    return setTimeout(() => {
      if (speaks === null) answer(smtp.greeting);
    }, GREET_AFTER_MS);
  }

  function newSmtp(): SmtpConversation {
    return createSmtp(secure, (mail) => {
      tell({ ...mail, kind: "mail", server, encrypted: secure, message: utf8(mail.message) });
    });
  }

  function answer(text: string) {
    if (text !== "") say(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  }

  /** The first request in what is unread; null while it is not all there. */
  function request(): { length: number; sending: Sending } | null {
    const head = HTTP_HEAD.exec(unread);
    if (head === null) return null;
    const headers = headersIn(head[3]!);
    const body = bodyIn(unread.slice(head[0].length), headers);
    if (body === null) return null;
    const [, method = "", path = ""] = head;
    const url = `${secure ? "https" : "http"}://${headers["host"] ?? server}${path}`;
    return {
      length: head[0].length + body.length,
      sending: { kind: "request", method, url, headers, body: utf8(body.text) },
    };
  }

  function takeRequests() {
    for (let next = request(); next !== null; next = request()) {
      unread = unread.slice(next.length);
      tell(next.sending);
      answer(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`,
      );
    }
  }

  return {
    server,
    take(bytes) {
      for (const byte of bytes) unread += String.fromCharCode(byte);
      speaks ??= /^[A-Z]+ \S+ HTTP\//.test(unread) ? "http" : SMTP_VERB.test(unread) ? "smtp" : "other";
      if (speaks === "http") takeRequests();
      if (speaks === "smtp") {
        const said = unread;
        unread = "";
        answer(smtp.take(said));
      }
    },
    encrypt() {
      secure = true;
      smtp = newSmtp();
      clearTimeout(greeting);
      greeting = greetSoon(); // for a client that waits for it under TLS
    },
    sayTo(how) {
      say = how;
    },
    close() {
      clearTimeout(greeting);
      if (speaks === "other" && unread !== "") tell({ kind: "connection", server, text: utf8(unread) });
      unread = "";
      say = () => {};
    },
  };
}

function headersIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split("\r\n").filter((line) => line !== "").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

/** A body and how much was sent of it; null while it is not all there. */
function bodyIn(text: string, headers: Record<string, string>): { text: string; length: number } | null {
  if (!/chunked/i.test(headers["transfer-encoding"] ?? "")) {
    const length = Number(headers["content-length"] ?? 0);
    return text.length < length ? null : { text: text.slice(0, length), length };
  }
  let body = "";
  for (let at = 0;;) {
    const line = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(text.slice(at));
    if (line === null) return null;
    const size = parseInt(line[1]!, 16);
    const from = at + line[0].length;
    if (text.length < from + size + 2) return null;
    body += text.slice(from, from + size);
    at = from + size + 2;
    if (size === 0) return { text: body, length: at };
  }
}

/** The text that bytes, one a character, stand for. */
function utf8(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
}
