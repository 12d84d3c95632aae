import {
  definePlugin,
  describe,
  fullest,
  type Line,
  type Message,
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

/** Posts each event as one message, through an incoming webhook. */
export default definePlugin({
  description: "Posts to a Slack channel through an incoming webhook",
  options: z.strictObject({
    webhookUrl: z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" }),
    ...messageOptions,
  }),
  async run(event, context) {
    const { webhookUrl, ...options } = context.options;
    await post(context, webhookUrl, { json: payload(event, options) });
  },
});

const ICON: Record<Severity, string> = { info: "⚪", notice: "🔵", warning: "🟠", critical: "🔴" };

// https://docs.slack.dev/reference/block-kit/blocks: a message has 50 blocks, a header's text 150 characters, a
// section's 3000. Slack also refuses messages whose blocks hold more than some 13,000 characters together
// (https://github.com/slackapi/bolt-js/issues/2509).
const MAX_SECTION = 3000;
const MAX_HEADER = 150;
const MAX_TOTAL = 12_000;
function payload(event: PluginEvent, options: MessageOptions) {
  const message = describe(event, { ...options, maxText: 200 });
  const headline = `${ICON[message.severity]} ${message.test ? "[TEST] " : ""}${message.title}`;
  const text = shorten(escape(`${headline}: ${message.summary}`), MAX_SECTION);
  const sections = options.message === undefined
    ? changes(event, options)
    : templated(event, options.message, options);
  const blocks = [
    { type: "header", text: { type: "plain_text", text: shorten(headline, MAX_HEADER), emoji: false } },
    ...sections.map((text) => ({ type: "section", text: mrkdwn(text) })),
    { type: "context", elements: [mrkdwn(footer(message))] },
  ];
  return { text, blocks };
}

/** One section for each change. */
function changes(event: PluginEvent, options: MessageOptions) {
  return fullest(
    (size) => {
      const { lines, more } = describe(event, { ...options, ...size });
      const sections = lines.map((line) => section(line, lines.length > 1));
      return more > 0 ? [...sections, `… and ${more} more`] : sections;
    },
    (sections) =>
      sections.join("").length <= MAX_TOTAL && sections.every((section) => section.length <= MAX_SECTION),
  );
}

/** The route's own template, in Slack's mrkdwn. */
function templated(event: PluginEvent, template: string, options: MessageOptions) {
  const text = fullest(
    (size) => renderMessage(template, event, { ...options, ...size, escape }),
    (text) => text.length <= MAX_SECTION,
  );
  return text.trim() === "" ? [] : [shorten(text, MAX_SECTION)];
}

function section({ severity, words, rows }: Line, marked: boolean): string {
  const title = `${marked ? `${ICON[severity]} ` : ""}*${escape(words)}*`;
  return [title, ...rows.map((row) => row.map(span).join(""))].join("\n");
}

function footer({ url, received }: Message): string {
  return url === null ? escape(received) : `<${escape(url)}|Coin page> · ${escape(received)}`;
}

function span({ kind, text }: Span): string {
  if (kind === "code") return `\`${escape(text.replaceAll("`", "'"))}\``;
  if (kind === "removed") return marked("~", escape(text));
  return kind === "new" || kind === "added" ? marked("*", escape(text)) : escape(text);
}

/** A marker works only where it touches the words. */
function marked(marker: string, text: string): string {
  return text.replace(/^(\s*)(.*\S)/s, `$1${marker}$2${marker}`);
}

/** `verbatim`: links and channel names in what strangers wrote are not made live. */
function mrkdwn(text: string) {
  return { type: "mrkdwn", text, verbatim: true };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping: without `<`, nothing mentions anyone. */
function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
