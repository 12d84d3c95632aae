/** Puts in words what a plugin would have sent. @module */
import type { Sent } from "../nouns.ts";
import type { DryReport } from "../sandbox/dry_plugin.ts";
import { refusalText } from "../sandbox/refused.ts";
import type { Sending } from "../sandbox/sending.ts";
import { maskHeader } from "./mask.ts";

/** Everything that came of a run, each thing as one text: what would be sent first, then what it would leave behind. */
export async function renderReport(report: DryReport): Promise<string[]> {
  const { sendings, kv, emitted, logs, refused, outcome, error, retryAfterSeconds } = report;
  const wait = retryAfterSeconds === null ? "" : ` (again after ${retryAfterSeconds} s)`;
  return [
    ...await Promise.all(sendings.map(renderSending)),
    ...kv.map(({ key, value }) => value === null ? `forgets ${key}` : `remembers ${key} = ${value}`),
    ...emitted.map(({ type, data }) => `emits ${type}\n${indent(asJson(data))}`),
    ...logs.map(({ level, text }) => `logs ${level === "info" ? "" : `${level}: `}${text}`),
    ...refused.map(refusalText),
    ...outcome === "done" ? [] : [`${WORDS[outcome]}${wait}: ${error}`],
  ];
}

const WORDS: Record<Exclude<DryReport["outcome"], "done">, string> = {
  retry: "fails, and would be tried again",
  permanent: "fails for good",
  timeout: "runs out of time",
  crashed: "crashes",
};

/** One sending. */
async function renderSending(sending: Sending): Promise<string> {
  switch (sending.kind) {
    case "request": {
      const { method, url, headers, body } = sending;
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${maskHeader(name, value)}`);
      const parts = [lines.join("\n"), readable(body, headers["content-type"] ?? "")];
      return [`${method} ${url}`, indent(parts.filter((part) => part !== "").join("\n\n"))].join("\n")
        .trimEnd();
    }
    case "mail":
      return await renderMail(sending);
    case "connection":
      return `CONNECTION to ${sending.server}\n${indent(sending.text)}`;
    case "file": {
      const { path, text } = sending;
      return text === null ? `REMOVE ${path}` : `WRITE ${path}\n${indent(readable(text, ""))}`;
    }
  }
}

async function renderMail({ server, encrypted, signedIn, to, message }: Sending & { kind: "mail" }) {
  const { default: PostalMime } = await import("postal-mime"); // loaded only where there is a mail
  const mail = await PostalMime.parse(message);
  const how = [encrypted ? "TLS" : "not encrypted", ...signedIn ? ["signed in"] : []].join(", ");
  const headers = mail.headers.filter(({ key }) => SHOWN.has(key)).map(({ key, value }) => {
    const shown = key === "subject" ? mail.subject ?? value : value;
    return `${key[0]!.toUpperCase()}${key.slice(1)}: ${shown}`;
  });
  const { text, html, attachments } = mail;
  const more = [
    ...text && html ? [`(and ${html.length} characters of HTML)`] : [],
    ...attachments.map(({ filename, mimeType }) => `(and ${filename ?? "a part"}, ${mimeType})`),
  ];
  const body = [headers.join("\n"), (text ?? html ?? "").trim(), ...more].filter((part) => part !== "");
  return `MAIL to ${to.join(", ")} through ${server} (${how})\n${indent(body.join("\n\n"))}`;
}

const SHOWN = new Set(["from", "to", "cc", "reply-to", "subject"]);

/** What an attempt sent; without the `status` that was answered where two are to be compared. */
export function renderSent(sent: readonly Sent[], withStatus = true): string {
  return sent.map(({ what, status, body }) => {
    const line = withStatus && status !== null ? `${what} → ${status}` : what;
    return body === "" ? line : `${line}\n${indent(readable(body, ""))}`;
  }).join("\n");
}

/** A body for people: JSON and forms laid out, anything else as it is. */
function readable(body: string, type: string): string {
  if (type.startsWith("application/x-www-form-urlencoded")) {
    return [...new URLSearchParams(body)].map(([name, value]) => `${name} = ${value}`).join("\n");
  }
  if (!/^\s*[[{]/.test(body)) return body;
  try {
    return asJson(JSON.parse(body));
  } catch {
    return body;
  }
}

const asJson = (value: unknown) => JSON.stringify(value, null, 2);

function indent(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(/^(?=.)/gm, "  ");
}
