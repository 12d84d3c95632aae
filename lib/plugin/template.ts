import mustache from "mustache";
import type { EventForPlugin, Json } from "../nouns.ts";
import { clean, shorten } from "./clean.ts";
import { describe, type DescribeOptions } from "./describe.ts";
import { rowsAsText, valueAsText } from "./rows.ts";
import { changeWords } from "./words.ts";

/** What is used of the library, which brings no types. */
interface Mustache {
  parse(template: string): unknown;
  Writer: new () => {
    escapedValue(token: unknown, context: unknown, config: { escape(value: unknown): string }): string;
    unescapedValue(token: unknown, context: unknown): string;
    render(
      template: string,
      view: unknown,
      partials: object,
      config: { escape(value: unknown): string },
    ): string;
  };
}

/** Whether a text can be parsed as a template: every section that it opens it closes. */
export function isTemplate(text: string): boolean {
  try {
    (mustache as Mustache).parse(text);
    return true;
  } catch {
    return false;
  }
}

/** How deep into the data a template may look. */
const MAX_DEPTH = 8;

/**
 * Renders a Mustache template over an event. Every value is cleaned, shortened to `maxText` (but for `url`) and passed through
 * `escape`, the receiver's own; `{{{raw}}}` and `{{&raw}}` are escaped like the rest, since the values come from
 * strangers. A template may use:
 *
 * - `title`, `url`, `summary`, `severity`, `received`, `test` as in a {@linkcode Message};
 * - `id`, `type`, `source`, `coin.id`, `coin.symbol`, `coin.name`, and `data.…`;
 * - `{{#changes}}…{{/changes}}` with `field`, `change_type`, `words`, `old`, `new` for each change, and
 *   `{{#lines}}…{{/lines}}` with `words`, `severity`, `values`, where a migration is one line.
 */
export function renderMessage(
  template: string,
  event: EventForPlugin,
  options: DescribeOptions & { escape(text: string): string },
): string {
  const max = options.maxText ?? 1000;
  const { lines, ...message } = describe(event, options);
  const view = {
    ...message,
    id: event.id,
    type: event.type,
    source: event.source,
    coin: readable({ ...event.coin }, max),
    data: readable(event.data, max),
    lines: lines.map((line) => ({ ...line, values: rowsAsText(line.rows, " · ") })),
    changes: event.changes.slice(0, options.maxLines ?? 40).map((change) => ({
      field: clean(change.field),
      change_type: change.change_type,
      words: changeWords(change),
      old: shorten(valueAsText(change.old_value), max),
      new: shorten(valueAsText(change.new_value), max),
    })),
  };
  // A page's address leads nowhere once it is cut.
  const escape = (value: unknown) =>
    options.escape(value === message.url ? String(value) : shorten(clean(String(value)), max));
  const writer = new (mustache as Mustache).Writer();
  writer.unescapedValue = (token, context) => writer.escapedValue(token, context, { escape });
  return writer.render(template, view, {}, { escape });
}

/** The same shape with every leaf a cleaned text, so that a template can say it. */
function readable(value: Json, max: number, depth = 0): unknown {
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value !== "object") return shorten(clean(String(value)), max);
  if (depth > MAX_DEPTH) return "…";
  if (Array.isArray(value)) return value.map((item) => readable(item, max, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, readable(inner, max, depth + 1)]),
  );
}
