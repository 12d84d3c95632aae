/** A change: what it is, what was, what is. @module */
import type { Json } from "../../nouns.ts";
import { difference } from "../../plugin/difference.ts";
import type { EventItem } from "../api/shapes.ts";
import { T, visible } from "./text.tsx";

/** One entry of an event's changes. */
export type ChangeItem = NonNullable<EventItem["changes"]>[number];

/** Longer texts are compared word by word, shorter ones shown whole. */
const WORDS_FROM = 40;
const SHORT = 160;
const SHORT_PROSE = 600;
/** Even where nothing is cut off, a value is not shown beyond this: a body may be long. */
const LONGEST = 20_000;
/** What a tooltip holds. */
const TOOLTIP = 1000;
/** Entries of a list that are shown. */
const SHORT_LIST = 6;

/** What was and what is. `whole`: nothing is cut off. */
export function Values({ change, whole = false }: { change: ChangeItem; whole?: boolean }) {
  const before = change.old_value as Json | undefined;
  const after = change.new_value as Json | undefined;
  if (Array.isArray(before) && Array.isArray(after)) {
    return <Lists before={before} after={after} whole={whole} />;
  }
  if (isProse(before) && isProse(after)) {
    const cut = (text: string) => whole ? text : shorten(text, SHORT_PROSE);
    return <Words before={cut(before)} after={cut(after)} />;
  }
  const hadNothing = before === undefined || before === "";
  const hasNothing = after === undefined || after === "";
  return (
    <>
      {!hadNothing && <Value value={before} kind="old" whole={whole} />}
      {!hadNothing && !hasNothing && <span class="arrow" aria-label="became">→</span>}
      {!hasNothing && <Value value={after} kind="new" whole={whole} />}
      {hadNothing && hasNothing && <span class="soft">no values</span>}
    </>
  );
}

function isProse(value: Json | undefined): value is string {
  return typeof value === "string" && value.length > WORDS_FROM && /\s/.test(value);
}

/** One value. */
export function Value(
  { value, kind, whole = false }: { value: Json | undefined; kind?: "old" | "new"; whole?: boolean },
) {
  const text = textOf(value);
  const shown = shorten(text, whole ? LONGEST : SHORT);
  const code = typeof value !== "string" || /^(0x|[a-z]+:\/\/)\S*$|^[\w.+:/?#=&%-]{24,}$/i.test(text);
  return (
    <span
      class={`value ${kind ?? ""} ${code ? "mono" : ""}`}
      title={shown === text ? undefined : shorten(text, TOOLTIP)}
    >
      <T>{shown}</T>
    </span>
  );
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** A value as text; anything but text as JSON. */
function textOf(value: Json | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Words({ before, after }: { before: string; after: string }) {
  return (
    <span class="value">
      <bdi>
        {difference(before, after).map(({ kind, text }) =>
          kind === "same"
            ? visible(text)
            : kind === "removed"
            ? <del>{visible(text)}</del>
            : <ins>{visible(text)}</ins>
        )}
      </bdi>
    </span>
  );
}

function Lists({ before, after, whole }: { before: Json[]; after: Json[]; whole: boolean }) {
  const had = new Set(before.map(textOf));
  const has = new Set(after.map(textOf));
  const gone = before.filter((item) => !has.has(textOf(item)));
  const come = after.filter((item) => !had.has(textOf(item)));
  const kept = after.length - come.length;
  const most = whole ? Infinity : SHORT_LIST;
  const more = Math.max(0, gone.length - most) + Math.max(0, come.length - most);
  return (
    <>
      {gone.slice(0, most).map((item) => <Value value={item} kind="old" whole={whole} />)}
      {gone.length > 0 && come.length > 0 && <span class="arrow" aria-label="became">→</span>}
      {come.slice(0, most).map((item) => <Value value={item} kind="new" whole={whole} />)}
      {more > 0 && <span class="soft small">{more} more</span>}
      {kept > 0 && <span class="soft small">{kept} kept</span>}
      {gone.length + come.length + kept === 0 && <span class="soft">empty list</span>}
    </>
  );
}
