/** Text that came from outside, shown as what it is. @module */
import type { Child } from "hono/jsx";

/**
 * Control and formatting characters (which turn text round, hide it, or start new lines) are shown by their code, and the
 * whole is set apart, so that its direction touches nothing else. A joiner inside an emoji is left alone.
 */
export function T({ children }: { children?: string | null | undefined }) {
  return <bdi>{visible(children ?? "")}</bdi>;
}

const HIDDEN =
  /(?<!\p{Extended_Pictographic}\uFE0F?|\p{Emoji_Modifier})\u200D|[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\u200D\n\t]]/v;
const EVERY_HIDDEN = new RegExp(`(${HIDDEN.source})`, "gv");

/** The pieces of a text, each hidden character as a small mark of its own. */
export function visible(text: string): Child[] {
  return text.toWellFormed().split(EVERY_HIDDEN).map((piece, index) =>
    index % 2 === 0 ? piece : <span class="ctl" title="hidden character">{codeOf(piece)}</span>
  );
}

/** The same where no markup can be: in titles and choices. */
export function plain(text: string): string {
  return text.toWellFormed().replace(EVERY_HIDDEN, codeOf);
}

function codeOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A moment. The script of the page turns it into the reader's own time. */
export function Time({ at, relative = false }: { at: string | null; relative?: boolean }) {
  if (at === null) return <span class="soft">–</span>;
  const [date, clock] = [at.slice(0, 10), at.slice(11, 19)];
  return (
    <time datetime={at} data-relative={relative ? "" : undefined} title={at}>{`${date} ${clock} UTC`}</time>
  );
}

/** Text of several lines, such as a body. */
export function Block({ children, id }: { children: string; id?: string }) {
  return <pre id={id} tabindex={0}>{visible(children)}</pre>;
}

/** A whole number for people. */
export function number(value: number): string {
  return value.toLocaleString("en");
}

/** Bytes for people. */
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const kib = value / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

/** Milliseconds for people. */
export function duration(ms: number | null): string {
  if (ms === null) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms >= 60_000) return `${Math.round(ms / 60_000)} min`;
  const seconds = ms / 1000;
  return `${Number.isInteger(seconds) ? seconds : seconds.toFixed(1)} s`;
}
