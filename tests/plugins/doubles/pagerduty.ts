/**
 * PagerDuty's Events API v2, as documented:
 * - https://developer.pagerduty.com/docs/events-api-v2/trigger-events (fields, summary 1024, dedup_key 255)
 * - https://developer.pagerduty.com/docs/events-api-v2-overview (202, 400 with `errors`, 429, size at most 512 KB)
 *
 * @module
 */
import { listen, type Listening } from "./listen.ts";

/** The key of the one integration there is. */
export const PAGERDUTY_KEY = "R0123456789ABCDEF0123456789ABCDE";

/** Refuses what PagerDuty would refuse. */
export function pagerdutyDouble(): Listening {
  return listen(({ path, body }) => {
    if (path !== "/v2/enqueue") return new Response("not found", { status: 404 });
    const errors = mistakes(body);
    if (errors.length > 0) {
      return Response.json({ status: "invalid event", message: "Event object is invalid", errors }, {
        status: 400,
      });
    }
    return Response.json({ status: "success", message: "Event processed" }, { status: 202 });
  });
}

function mistakes(body: string): string[] {
  if (new TextEncoder().encode(body).length > 512 * 1024) return ["Event is too large"];
  const { routing_key, event_action, dedup_key, payload, links = [], client, ...others } = JSON.parse(body);
  const { summary, source, severity, component, class: class_, custom_details: _, ...more } = payload;
  const text = (value: unknown, max: number) =>
    typeof value === "string" && value !== "" && value.length <= max;
  const rules: [boolean, string][] = [
    [routing_key === PAGERDUTY_KEY, "'routing_key' is invalid"],
    [event_action === "trigger", "'event_action' is invalid"],
    [text(dedup_key, 255), "'dedup_key' is invalid"],
    [text(summary, 1024), "'payload.summary' is missing or too long"],
    [text(source, 1024), "'payload.source' is missing"],
    [["critical", "error", "warning", "info"].includes(severity), "'payload.severity' is invalid"],
    [[component, class_, client].every((value) => text(value, 1024)), "not a string, or too long"],
    [links.every(({ href }: { href: string }) => URL.canParse(href)), "'links' is invalid"],
    [Object.keys({ ...others, ...more }).length === 0, "unknown field"],
  ];
  return rules.filter(([holds]) => !holds).map(([, error]) => error);
}
