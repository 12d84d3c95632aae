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
  type Span,
  z,
} from "coinrelay/plugin";

/** Posts each event as one embed, through a channel's webhook. */
export default definePlugin({
  description: "Posts to a Discord channel through a webhook",
  options: z.strictObject({
    webhookUrl: z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" }),
    ...messageOptions,
  }),
  async run(event, context) {
    const { webhookUrl, ...options } = context.options;
    const url = versioned(new URL(webhookUrl));
    // Without it, Discord answers before it has saved the message.
    url.searchParams.set("wait", "true");
    await post(context, url.href, {
      json: { embeds: [embed(event, options)], allowed_mentions: { parse: [] } },
      retryAfter: ({ text }) => Number(/"retry_after":\s*([\d.]+)/.exec(text)?.[1] ?? NaN) || null,
    });
  },
});

/**
 * The address of a webhook, as Discord shows it, names no version of the API, and then stands for an old one that tells
 * waits in milliseconds (https://discord.com/developers/docs/reference#api-versioning).
 */
function versioned(url: URL): URL {
  if (/(^|\.)discord(app)?\.com$/.test(url.hostname)) {
    url.pathname = url.pathname.replace(/^\/api\/webhooks\//, "/api/v10/webhooks/");
  }
  return url;
}

const COLOUR: Record<Severity, number> = {
  info: 0x99aab5,
  notice: 0x3498db,
  warning: 0xe67e22,
  critical: 0xe74c3c,
};
const ICON: Record<Severity, string> = { info: "⚪", notice: "🔵", warning: "🟠", critical: "🔴" };

// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
const MAX_TITLE = 256;
const MAX_DESCRIPTION = 4096;

function embed(event: PluginEvent, options: MessageOptions) {
  const { title, url, severity, received, test } = describe(event, options);
  const description = fullest(
    (size) =>
      options.message === undefined
        ? changes(event, { ...options, ...size })
        : renderMessage(options.message, event, { ...options, ...size, escape }),
    (text) => text.length <= MAX_DESCRIPTION,
  );
  return {
    title: shorten(`${ICON[severity]} ${test ? "[TEST] " : ""}${escape(title)}`, MAX_TITLE),
    ...url !== null && { url },
    ...description.trim() !== "" && { description: shorten(description, MAX_DESCRIPTION) },
    color: COLOUR[severity],
    footer: { text: received },
  };
}

function changes(event: PluginEvent, options: MessageOptions): string {
  const { lines, more } = describe(event, options);
  const blocks = lines.map((line) => block(line, lines.length > 1));
  return [...blocks, ...more > 0 ? [`… and ${more} more`] : []].join("\n\n");
}

function block({ severity, words, rows }: Line, marked: boolean): string {
  const title = `${marked ? `${ICON[severity]} ` : ""}**${escape(words)}**`;
  return [title, ...rows.map((row) => row.map(span).join(""))].join("\n");
}

function span({ kind, text }: Span): string {
  if (kind === "code") return code(text);
  if (kind === "removed") return marked("~~", escape(text));
  return kind === "new" || kind === "added" ? marked("**", escape(text)) : escape(text);
}

/** A marker works only where it touches the words. */
function marked(marker: string, text: string): string {
  return text.replace(/^(\s*)(.*\S)/s, `$1${marker}$2${marker}`);
}

/**
 * Takes the meaning from everything that Discord's Markdown gives one. An address keeps its characters and is not made
 * a link: it stands as code.
 */
function escape(text: string): string {
  return text.split(/(https?:\/\/\S+)/i).map((part, index) =>
    index % 2 === 1 ? code(part) : part.replace(/[\\`*_~|<>[\]()#+\-:@]/g, "\\$&")
  ).join("");
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}
