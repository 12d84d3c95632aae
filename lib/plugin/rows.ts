/** A change's values, row by row. @module */
import type { Change, Json } from "../nouns.ts";
import { clean, shorten } from "./clean.ts";
import { difference } from "./difference.ts";

/** A run of text and what it is: `old`/`new` are whole values, `removed`/`added` parts of a difference. */
export interface Span {
  /** Cleaned of invisible characters; not escaped. */
  text: string;
  /** What it is. */
  kind: "plain" | "code" | "old" | "new" | "removed" | "added";
}

/** The rows of a line (or several) as plain text, differences marked as `[-removed-]` and `{+added+}`. */
export function rowsAsText(rows: Span[][], between = "\n"): string {
  return rows.map((row) => row.map(spanAsText).join("")).join(between);
}

function spanAsText({ kind, text }: Span): string {
  if (kind === "removed") return `[-${text}-]`;
  return kind === "added" ? `{+${text}+}` : text;
}

/** A value in words, on one line: yes and no, items joined, nothing as "nothing". */
export function valueAsText(value: Json | undefined): string {
  if (value === undefined || value === null || value === "") return "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length === 0 ? "nothing" : value.map(valueAsText).join(", ");
  return clean(typeof value === "string" ? value : JSON.stringify(value)) || "only invisible characters";
}

/** `0xdac17f958d2ee523a2206206994597c13d831ec7` as `0xdac17f…831ec7`. */
export function shortAddress(address: string): string {
  return address.length <= 20 ? address : `${shorten(address, 9)}${lastOf(address, 6)}`;
}

/** A value's text, `""` for none; what is not text is said in words. */
export function text(value: Json | undefined): string {
  return value === undefined || value === null || value === "" ? "" : valueAsText(value);
}

/** Old → new; a difference where they are long; items added and removed. At most some `max` characters. */
export function rowsOf(change: Change, max: number): Span[][] {
  const { old_value: before, new_value: after } = change;
  if (Array.isArray(before) || Array.isArray(after)) return itemRows(items(before), items(after), max);
  if (change.field.startsWith("platforms.")) {
    const rows = addressRows(text(before), text(after), max);
    return text(after) === "" ? rows.map((row) => [...row, ...untold(change)]) : rows;
  }
  // A boolean's row says "no → yes"; a missing side says nothing.
  const was = before === null ? "not set" : text(before);
  const is = after === null ? "not set" : text(after);
  if (was === "" && is === "") return [];
  if (was === "") return [[{ kind: "new", text: shorten(is, max) }]];
  if (is === "") return [[{ kind: "old", text: shorten(was, max) }, ...untold(change)]];
  if (was === is && before !== after) {
    return [[{ kind: "new", text: shorten(is, max) }], [
      plain("(only invisible characters or spaces changed)"),
    ]];
  }
  return was.length + is.length > 120
    ? differenceRows(was, is, max)
    : arrow(shorten(was, max), shorten(is, max));
}

/** Text that is no value. */
export const plain = (text: string): Span => ({ kind: "plain", text });

/** Without its new value, the old one of an update would read as the new. */
function untold({ change_type, new_value }: Change): Span[] {
  return change_type !== "removal" && new_value === undefined ? [plain(" → (not told)")] : [];
}

function arrow(before: string, after: string): Span[][] {
  return [[{ kind: "old", text: before }, plain(" → "), { kind: "new", text: after }]];
}

/** Shortened for the eye, and whole for the clipboard. */
export function addressRows(before: string, after: string, max: number): Span[][] {
  const whole = (address: string): Span[] => [{ kind: "code", text: shorten(address, max) }];
  if (before === "" && after === "") return [];
  if (before === "") return [whole(after)];
  if (after === "") return [whole(before)];
  return [...arrow(shortAddress(before), shortAddress(after)), whole(before), whole(after)];
}

function items(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item) => item !== undefined && item !== null && item !== "").map(valueAsText);
}

/** What was added and what was removed; what stayed is not said. */
function itemRows(before: string[], after: string[], max: number): Span[][] {
  const each = Math.max(40, Math.floor(max / 2));
  const rows: Span[][] = [
    ...after.filter((item) => !before.includes(item)).map((item): Span[] => [
      plain("+ "),
      { kind: "new", text: shorten(item, each) },
    ]),
    ...before.filter((item) => !after.includes(item)).map((item): Span[] => [
      plain("− "),
      { kind: "old", text: shorten(item, each) },
    ]),
  ];
  if (rows.length === 0) return [[plain("(only their order changed)")]];
  const room = Math.max(2, Math.floor(max / 60));
  return rows.length <= room ? rows : [...rows.slice(0, room), [plain(`… and ${rows.length - room} more`)]];
}

/** A difference with at most `max` characters; what stayed the same is cut first. */
function differenceRows(before: string, after: string, max: number): Span[][] {
  const parts = difference(before, after);
  if (!parts.some((part) => part.kind === "same" && part.text.trim().length > 3)) {
    const half = Math.floor(max / 2);
    return arrow(shorten(before, half), shorten(after, half));
  }
  const each = Math.max(20, Math.floor(max / parts.length));
  const row: Span[] = [];
  let room = max;
  for (const { kind, text } of parts) {
    if (room <= 0) {
      row.push(plain(" …"));
      break;
    }
    const cut = kind === "same"
      ? middleOut(text, Math.min(80, each))
      : shorten(text, Math.min(room, each * 2));
    if (kind === "added" && row.at(-1)?.kind === "removed") row.push(plain(" "));
    row.push({ kind: kind === "same" ? "plain" : kind, text: cut });
    room -= cut.length;
  }
  return [row];
}

/** Both ends of a text, the middle left out; whole words where there are any. */
function middleOut(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor(max / 2);
  const head = text.slice(0, half).replace(/[\ud800-\udbff]$/, "").replace(/\s\S{0,20}$/, "");
  const tail = lastOf(text, half).replace(/^\S{0,20}\s/, "");
  return `${head} … ${tail}`;
}

/** At most the last `max` UTF-16 units; never half a character. */
function lastOf(text: string, max: number): string {
  return text.slice(-max).replace(/^[\udc00-\udfff]/, "");
}
