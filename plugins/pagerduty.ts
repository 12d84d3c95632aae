import {
  clean,
  definePlugin,
  describe,
  fullest,
  messageOptions,
  type PluginEvent,
  post,
  renderMessage,
  rowsAsText,
  SEVERITIES,
  type Severity,
  shorten,
  z,
} from "coinrelay/plugin";

const options = z.strictObject({
  routingKey: z.string().min(1).describe("Integration key of an Events API v2 integration"),
  apiUrl: z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" }).default(
    "https://events.pagerduty.com",
  ).describe(
    "https://events.eu.pagerduty.com for accounts in the EU",
  ),
  ...messageOptions,
  severity: z.union([z.enum([...SEVERITIES, "error"]), z.record(z.string(), z.enum(SEVERITIES))]).optional()
    .describe(
      'One severity for everything, or one for each field pattern: { "platforms.*": "critical" }',
    ),
});
type Options = z.output<typeof options>;

/** Triggers an alert for each event, through the Events API v2. */
export default definePlugin({
  description: "Triggers a PagerDuty alert",
  options,
  async run(event, context) {
    const { routingKey, apiUrl } = context.options;
    await post(context, `${apiUrl.replace(/\/$/, "")}/v2/enqueue`, {
      json: {
        routing_key: routingKey,
        event_action: "trigger",
        // PagerDuty makes one alert of all that has one key: a retry makes no second one.
        dedup_key: context.idempotencyKey,
        client: "coinrelay",
        ...alert(event, context.options),
      },
      secrets: [routingKey],
    });
  },
});

// https://developer.pagerduty.com/docs/events-api-v2/trigger-events: a summary has 1024 characters, an event 512 KB.
const MAX_SUMMARY = 1024;
const MAX_DETAILS = 100_000;
const MAX_CLASS = 200;

/** PagerDuty knows critical, error, warning and info. */
const PAGERDUTY = {
  info: "info",
  notice: "info",
  warning: "warning",
  error: "error",
  critical: "critical",
} as const;

function alert(event: PluginEvent, { severity, message, ...rest }: Options) {
  const own = typeof severity === "string" ? severity : undefined;
  const options = {
    ...rest,
    severity: own === undefined ? severity as Record<string, Severity> | undefined : undefined,
  };
  const { title, url, summary, severity: worst, lines, more, received, test } = fullest(
    (size) => describe(event, { ...options, ...size }),
    (message) => JSON.stringify(message.lines).length <= MAX_DETAILS,
  );
  const said = message === undefined
    ? `${title}: ${summary}`
    : renderMessage(message, event, { ...options, maxText: 300, escape: String }).trim();
  return {
    payload: {
      summary: shorten(`${test ? "[TEST] " : ""}${said || title}`, MAX_SUMMARY),
      source: "coinrelay",
      severity: PAGERDUTY[own ?? worst],
      component: title,
      class: shorten(clean(event.type), MAX_CLASS) || title,
      custom_details: {
        received,
        changes: [
          ...lines.map(({ words, rows }) => [words, rowsAsText(rows)].filter(Boolean).join("\n")),
          ...more > 0 ? [`… and ${more} more`] : [],
        ],
      },
    },
    ...url !== null && { links: [{ href: url, text: "Coin page" }] },
  };
}
