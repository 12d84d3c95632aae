import {
  definePlugin,
  describe,
  fullest,
  type Line,
  type MessageOptions,
  messageOptions,
  type PluginEvent,
  post,
  renderMessage,
  type Severity,
  shorten,
  type Size,
  type Span,
  z,
} from "coinrelay/plugin";

/** Sends each event as one message to a chat, as a bot. */
export default definePlugin({
  description: "Sends a message to a Telegram chat as a bot",
  options: z.strictObject({
    botToken: z.string().regex(/^\d+:[\w-]+$/, "is not a bot token (123456:ABC…), as @BotFather gives it"),
    chatId: z.union([z.int(), z.string().min(1)]).describe("A chat's number, or @name of a public channel"),
    apiUrl: z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" }).default(
      "https://api.telegram.org",
    ),
    ...messageOptions,
  }),
  async run(event, context) {
    const { botToken, chatId, apiUrl, ...options } = context.options;
    const url = `${apiUrl.replace(/\/$/, "")}/bot${botToken}/sendMessage`;
    const json = {
      chat_id: chatId,
      link_preview_options: { is_disabled: true },
      ...content(event, options),
    };
    await post(context, url, {
      json,
      secrets: [botToken],
      retryAfter: ({ text }) => Number(/"retry_after":\s*(\d+)/.exec(text)?.[1] ?? NaN) || null,
    });
  },
});

const ICON: Record<Severity, string> = { info: "⚪", notice: "🔵", warning: "🟠", critical: "🔴" };

/** https://core.telegram.org/bots/api#sendmessage; counted before the markup is taken out, which is never less. */
const MAX_TEXT = 4096;

function content(event: PluginEvent, options: MessageOptions) {
  const text = fullest((size) => html(event, options, size), (text) => text.length <= MAX_TEXT);
  if (text.length <= MAX_TEXT) return { text, parse_mode: "HTML" };
  // A template too long in itself. Cut markup would be refused, cut text is not.
  return { text: shorten(withoutMarkup(text), MAX_TEXT) };
}

function withoutMarkup(html: string): string {
  return html.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll(
    "&quot;",
    '"',
  )
    .replaceAll("&amp;", "&");
}

function html(event: PluginEvent, options: MessageOptions, size: Size): string {
  const { title, url, severity, lines, more, test } = describe(event, { ...options, ...size });
  const name = url === null ? escape(title) : `<a href="${escape(url)}">${escape(title)}</a>`;
  const headline = `${ICON[severity]} ${test ? "[TEST] " : ""}<b>${name}</b>`;
  if (options.message !== undefined) {
    return `${headline}\n${renderMessage(options.message, event, { ...options, ...size, escape })}`;
  }
  const blocks = lines.map((line) => block(line, lines.length > 1));
  return [headline, ...blocks, ...more > 0 ? [`… and ${more} more`] : []].join("\n\n");
}

function block({ severity, words, rows }: Line, marked: boolean): string {
  const title = `${marked ? `${ICON[severity]} ` : ""}<b>${escape(words)}</b>`;
  return [title, ...rows.map((row) => row.map(span).join(""))].join("\n");
}

function span({ kind, text }: Span): string {
  if (kind === "code") return `<code>${escape(text)}</code>`;
  if (kind === "removed") return `<s>${escape(text)}</s>`;
  return kind === "new" || kind === "added" ? `<b>${escape(text)}</b>` : escape(text);
}

/** Telegram takes all of such an address for a link, and an @ in it for a part of it. */
const ADDRESS = /(?<!\w)https?:\/\/(?:[a-z\d][a-z\d-]{0,62}\.)+[a-z]{2,}\/[\w.~%@/-]*/;
const AT = new RegExp(`(${ADDRESS.source})|(?<!\\w)@(?=\\w)`, "gi");

/**
 * https://core.telegram.org/bots/api#html-style. Telegram makes a mention of every @name, whatever the markup: a word
 * joiner, which nobody sees, keeps it from that (and leaves addresses such as https://medium.com/@name alone).
 */
function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  )
    .replace(AT, (at, address?: string) => address ?? `${at}\u2060`);
}
