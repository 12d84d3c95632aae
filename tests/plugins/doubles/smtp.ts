/**
 * A mail server (smtp-server, https://nodemailer.com/extras/smtp-server), as strict as RFC 5321 and 5322 allow: a
 * line has at most 998 characters and ends in CRLF, headers are ASCII, a header's name is there once.
 *
 * @module
 */
import { SMTPServer, type SMTPServerAuthentication, type SMTPServerOptions } from "smtp-server";
import PostalMime, { type Email } from "postal-mime";
import pem from "./localhost.pem" with { type: "text" };

/** Who may sign in. */
export const MAIL_USER = "relay@localhost";
/** With what. */
export const MAIL_PASSWORD = "p@ss:word/100%";
/** What to trust so that the server's certificate is right. */
export const MAIL_CA = pem;

/** A mail that was accepted. */
export interface Mail extends Email {
  /** Who it was for, by envelope. */
  recipients: string[];
  encrypted: boolean;
  raw: string;
}

/** A running mail server. */
export interface Mailing extends AsyncDisposable {
  port: number;
  mails: Mail[];
  /** Answers of the next commands of a kind, in order; then all are accepted. */
  refuse: { auth: number[]; rcpt: Map<string, number[]>; data: number[] };
  /** The next connections get no greeting. */
  hang: boolean;
  /** Connections that came. */
  connections: number;
}

/** Listens on loopback. `starttls: false` offers none; `secure` speaks TLS from the start. */
export async function smtpDouble(options: { secure?: boolean; starttls?: boolean } = {}): Promise<Mailing> {
  const mailing: Omit<Mailing, typeof Symbol.asyncDispose> = {
    port: 0,
    mails: [],
    refuse: { auth: [], rcpt: new Map(), data: [] },
    hang: false,
    connections: 0,
  };
  const refusal = (code: number | undefined) =>
    code === undefined ? null : Object.assign(new Error(`refused by the test`), { responseCode: code });
  const settings: SMTPServerOptions = {
    secure: options.secure ?? false,
    key: pem,
    cert: pem,
    logger: false,
    closeTimeout: 100,
    hideSTARTTLS: options.starttls === false,
    disabledCommands: options.starttls === false ? ["STARTTLS"] : [],
    authOptional: true,
    allowInsecureAuth: options.starttls === false,
    onConnect(_session, done) {
      mailing.connections++;
      if (!mailing.hang) done();
    },
    onAuth(auth: SMTPServerAuthentication, _session, done) {
      const code = mailing.refuse.auth.shift();
      const right = auth.username === MAIL_USER && auth.password === MAIL_PASSWORD;
      if (code !== undefined || !right) return done(refusal(code ?? 535));
      done(null, { user: auth.username });
    },
    onRcptTo({ address }, _session, done) {
      done(refusal(mailing.refuse.rcpt.get(address)?.shift()));
    },
    onData(stream, session, done) {
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      stream.on("data", (chunk: Uint8Array<ArrayBuffer>) => chunks.push(chunk));
      stream.on("end", async () => {
        const raw = await new Blob(chunks).text();
        const wrong = breach(raw);
        if (wrong !== null) return done(Object.assign(new Error(wrong), { responseCode: 554 }));
        const code = mailing.refuse.data.shift();
        if (code !== undefined) return done(refusal(code));
        mailing.mails.push({
          ...await PostalMime.parse(raw),
          recipients: session.envelope.rcptTo.map(({ address }) => address),
          encrypted: session.secure,
          raw,
        });
        done();
      });
    },
  };
  const server = new SMTPServer(settings);
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "localhost", () => resolve()));
  const address = server.server.address();
  mailing.port = typeof address === "object" ? address?.port ?? 0 : 0;
  return Object.assign(mailing, {
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

/** What is wrong with a message on the wire; null when nothing is. */
function breach(raw: string): string | null {
  if (/[^\r]\n|\r[^\n]/.test(raw)) return "a line does not end in CRLF";
  if (raw.split("\r\n").some((line) => new TextEncoder().encode(line).length > 998)) {
    return "a line is too long";
  }
  const [head = ""] = raw.split("\r\n\r\n");
  if (/[^\t\r\n\x20-\x7e]/.test(head)) return "a header is not ASCII";
  const names = head.replace(/\r\n[ \t]/g, " ").split("\r\n").map((line) =>
    line.split(":")[0]!.toLowerCase()
  );
  return new Set(names).size === names.length ? null : "a header is there twice";
}
