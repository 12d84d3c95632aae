import type { Change } from "../nouns.ts";
import { happened } from "./happened.ts";
import { compileFields } from "../pattern/field_pattern.ts";

/** How much a change matters, from what may wait to what may not. */
export type Severity = "info" | "notice" | "warning" | "critical";

/** The severities, mildest first. */
export const SEVERITIES: readonly Severity[] = ["info", "notice", "warning", "critical"];

/** One severity for everything, or one for each field pattern; the first pattern that matches a field decides. */
export type SeverityOption = Severity | Record<string, Severity>;

/** The gravest of `severities`; `info` when there are none. */
export function gravest(severities: Iterable<Severity>): Severity {
  let worst = 0;
  for (const severity of severities) worst = Math.max(worst, SEVERITIES.indexOf(severity));
  return SEVERITIES[worst] ?? "info";
}

/** How much `change` matters: by `override` where that speaks of its field, by the nature of the field otherwise. */
export function severityOf(change: Change, override: SeverityOption = {}): Severity {
  if (typeof override === "string") return override;
  for (const [pattern, severity] of Object.entries(override)) {
    if (compileFields([pattern])(change.field)) return severity;
  }
  return naturalSeverity(change);
}

/** What holds unless the route says otherwise. */
function naturalSeverity(change: Change): Severity {
  const { field, new_value } = change;
  const what = happened(change);
  const gone = what === "removal" || new_value === "" || new_value === null;
  if (field === "public_notices") return gone ? "notice" : "critical";
  if (field === "id") return "critical";
  if (field.startsWith("platforms.")) {
    return what === "update" ? "critical" : gone ? "warning" : "notice";
  }
  if (field.startsWith("additional_notices.")) return new_value === true ? "warning" : "notice";
  if (field === "name" || field === "symbol" || field === "web_slug") return "notice";
  if (field.startsWith("links.")) return "notice";
  return "info";
}
