import { createTransport } from "nodemailer";
import { connect } from "node:net";
import {
  clean,
  type Context,
  definePlugin,
  describe,
  type Message,
  messageOptions,
  Permanent,
  type PluginEvent,
  redact,
  renderMessage,
  rowsAsText,
  type Severity,
  shorten,
  type Span,
  z,
} from "coinrelay/plugin";

const address = z.string().regex(
  /^([^\r\n<>,;@]*<[^\s<>,;@]+@[^\s<>,;@]+>|[^\s<>,;@]+@[^\s<>,;@]+)$/,
  'is not an address: "ops@example.com" or "Ops <ops@example.com>"',
);

const options = z.strictObject({
  smtp: z.url({ protocol: /^smtps?$/, error: "is no smtp:// or smtps:// URL" }).refine(
    (smtp) => [...new URL(smtp).searchParams.keys()].every((key) => key === "requireTLS"),
    "takes no parameter but requireTLS",
  ).refine(
    (smtp) => decoded(new URL(smtp)) !== null,
    "has a % in its user or password that must be written as %25",
  ).describe("smtp://user:password@host:587, with STARTTLS required unless ?requireTLS=false; or smtps://…"),
  from: address,
  to: z.union([address.transform((one) => [one]), z.array(address).min(1).max(100)]),
  subject: messageOptions.message.describe("A Mustache template; default: the coin and what happened"),
  ca: z.string().optional().describe("PEM certificates to trust instead of the well-known authorities"),
  ...messageOptions,
});
type Options = z.output<typeof options>;

/** Sends each event as one mail, with a text and an HTML part; the mails of a coin are one thread. */
export default definePlugin({
  description: "Sends an e-mail through an SMTP server",
  options,
  async run(event, context) {
    const done = accepted.get(context.idempotencyKey) ?? new Set();
    const left = context.options.to.filter((recipient) => !done.has(bare(recipient)));
    // None: who refused it was taken off the route's list before it was tried again.
    if (left.length > 0) await send(await mailOf(event, context), left, context);
  },
});

const ICON: Record<Severity, string> = { info: "⚪", notice: "🔵", warning: "🟠", critical: "🔴" };
const MAX_SUBJECT = 200;

/** Who has already got the mail of a delivery that is still being tried; a retry is for the others. */
const accepted = new Map<string, Set<string>>();
const MAX_REMEMBERED = 1000;

async function mailOf(event: PluginEvent, context: Context<Options>) {
  const { from, to, subject, message } = context.options;
  const size = { maxText: 4000, maxLines: 200 };
  const described = describe(event, { ...context.options, ...size });
  const say = (template: string, escape: (text: string) => string) =>
    renderMessage(template, event, { ...context.options, ...size, escape });
  const mark = `${ICON[described.severity]} ${described.test ? "[TEST] " : ""}`;
  const domain = bare(from).split("@").at(-1);
  const thread = `<coin-${await digest(event.coin.id || event.type)}@${domain}>`;
  return {
    from,
    to,
    subject: shorten(
      clean(
        subject === undefined ? `${mark}${described.title}: ${described.summary}` : say(subject, String),
      ),
      MAX_SUBJECT,
    ),
    text: asText(described, mark),
    html: asHtml(described, mark, message === undefined ? null : say(message, escape)),
    // The same for every attempt, so that a mail server or reader can drop what it has seen.
    messageId: `<${await digest(context.idempotencyKey)}@${domain}>`,
    inReplyTo: thread,
    references: thread,
    headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

async function send(mail: Awaited<ReturnType<typeof mailOf>>, to: string[], context: Context<Options>) {
  const { smtp, from, ca } = context.options;
  const server = new URL(smtp);
  const secure = server.protocol === "smtps:";
  const host = server.hostname.replace(/^\[|\]$/g, "");
  const port = Number(server.port) || (secure ? 465 : 587);
  const requireTLS = server.searchParams.get("requireTLS") !== "false";
  const [user, pass] = decoded(server) ?? ["", ""];
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: requireTLS && !secure,
    tls: { ...ca !== undefined && { ca }, rejectUnauthorized: requireTLS },
    ...user !== "" && { auth: { user, pass } },
    // By name: a route grants the name, not the address behind it.
    getSocket(_options, callback) {
      const connection = connect({ host, port });
      connection.once("error", (error) => callback(error));
      connection.once("connect", () => {
        connection.removeAllListeners("error");
        callback(null, { connection });
      });
      context.signal.addEventListener("abort", () => connection.destroy(), { once: true });
    },
  });
  try {
    const sent = await transport.sendMail({
      ...mail,
      envelope: { from: bare(from), to: to.map(bare) },
      signal: context.signal,
    });
    const taken = to.filter((recipient) => !sent.rejected.includes(bare(recipient)));
    if (taken.length > 0) context.noteSent(`mail to ${taken.join(", ")}: ${mail.subject}`, mail.text);
    if (sent.rejected.length > 0) throw partly(sent, context.idempotencyKey);
    accepted.delete(context.idempotencyKey);
  } catch (error) {
    context.signal.throwIfAborted();
    throw failure(error as SmtpError, `SMTP ${host}:${port}`, [user, pass]);
  } finally {
    transport.close();
  }
}

/** User and password, whose special characters are percent-encoded; null when they are not rightly so. */
function decoded({ username, password }: URL): [user: string, password: string] | null {
  try {
    return [decodeURIComponent(username), decodeURIComponent(password)];
  } catch {
    return null;
  }
}

/** What the library tells of a failure. */
interface SmtpError extends Error {
  code?: string | undefined;
  /** Whether the server's reply says that no retry would help. */
  permanent?: boolean | undefined;
  rejectedErrors?: SmtpError[] | undefined;
}

/** Some recipients got it, some did not: those who did are not sent it again. */
function partly(
  sent: { accepted: string[]; rejected: string[]; rejectedErrors?: SmtpError[] | undefined },
  key: string,
) {
  accepted.set(key, new Set([...accepted.get(key) ?? [], ...sent.accepted]));
  for (const old of accepted.keys()) if (accepted.size > MAX_REMEMBERED) accepted.delete(old);
  const errors = sent.rejectedErrors ?? [];
  const error: SmtpError = new Error(
    `not accepted for ${sent.rejected.join(", ")} (but for ${sent.accepted.length} others): ` +
      errors.map((one) => one.message).join("; "),
  );
  error.permanent = errors.length > 0 && errors.every((one) => one.permanent);
  return error;
}

function failure(error: SmtpError, where: string, secrets: string[]): Error {
  const said = `${where}: ${redact(error.message, secrets)}`;
  if (error.name === "NotCapable") {
    return new Permanent(`${where}: the route does not grant this host: name it in allow.net`);
  }
  const refused = error.permanent ?? error.rejectedErrors?.every((one) => one.permanent) ?? false;
  if (error.code === "ETLS" && refused) {
    return new Permanent(`${said}; if it shall do without TLS, end the URL with ?requireTLS=false`);
  }
  return refused || error.code === "ENOAUTH" || error.code === "ECONFIG"
    ? new Permanent(said)
    : new Error(said);
}

function asText({ title, url, lines, more, received }: Message, mark: string): string {
  const blocks = lines.map(({ words, rows }) =>
    `${words}\n${rowsAsText(rows).replace(/^/gm, "  ")}`.trimEnd()
  );
  if (more > 0) blocks.push(`… and ${more} more`);
  return [mark + title, ...blocks, [url, received].filter(Boolean).join("\n")].join("\n\n") + "\n";
}

const COLOUR: Record<Severity, string> = {
  info: "#99aab5",
  notice: "#3498db",
  warning: "#e67e22",
  critical: "#e74c3c",
};

function asHtml(
  { title, url, lines, more, received, severity }: Message,
  mark: string,
  own: string | null,
): string {
  const name = url === null ? escape(title) : `<a href="${escape(url)}">${escape(title)}</a>`;
  const blocks = own !== null ? [own] : lines.map((line) => {
    const rows = line.rows.map((row) => `<br>${row.map(span).join("")}`).join("");
    return `<p style="border-left:4px solid ${COLOUR[line.severity]};padding-left:8px"><b>${
      escape(line.words)
    }</b>${rows}</p>`;
  });
  if (own === null && more > 0) blocks.push(`<p>… and ${more} more</p>`);
  return `<!doctype html>
<meta charset="utf-8">
<h3 style="color:${COLOUR[severity]}">${escape(mark)}${name}</h3>
${blocks.join("\n")}
<p style="color:#666">${escape(received)}</p>
`;
}

function span({ kind, text }: Span): string {
  if (kind === "code") return `<code>${escape(text)}</code>`;
  if (kind === "removed") return `<del>${escape(text)}</del>`;
  if (kind === "added") return `<ins>${escape(text)}</ins>`;
  return kind === "new" ? `<b>${escape(text)}</b>` : escape(text);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** `ops@example.com` of `Ops <ops@example.com>`. */
function bare(address: string): string {
  return /<([^>]*)>/.exec(address)?.[1] ?? address;
}

/** A short name for `text` in the alphabet that ids in mail headers have. */
async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex().slice(0, 32);
}
