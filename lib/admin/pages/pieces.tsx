/** Small pieces that several pages show. @module */
import type { Child } from "hono/jsx";
import type { DeliveryState } from "../../nouns.ts";
import type { EventItem } from "../api/shapes.ts";

/** Path of an event's page. */
export function eventPath(seq: number): string {
  return `/events/seq:${seq}`;
}

/** Path of a coin's page. */
export function coinPath(id: string): string {
  return `/coins/${encodeURIComponent(id.toWellFormed())}`;
}

const TONE: Record<DeliveryState, string> = { pending: "", running: "busy", done: "good", dead: "bad" };
/** What a state is called. */
export const WORD: Record<DeliveryState, string> = {
  pending: "waiting",
  running: "running",
  done: "done",
  dead: "dead letter",
};

/** Where a delivery stands. */
export function StateBadge({ delivery }: { delivery: Progress }) {
  const { tone, word } = standing(delivery);
  return <span class={`badge ${tone}`}>{word}</span>;
}

/** How far a delivery is. */
type Progress = Pick<EventItem["deliveries"][number], "state" | "attempts" | "discarded">;

function standing({ state, attempts, discarded }: Progress) {
  if (discarded) return { tone: "", word: "discarded" };
  if (state === "pending" && attempts > 0) return { tone: "warn", word: "will retry" };
  return { tone: TONE[state], word: WORD[state] };
}

/** A route's delivery in a listing of events. The script of the live page keeps it true. */
export function RouteBadge({ delivery }: { delivery: EventItem["deliveries"][number] }) {
  const { id, route } = delivery;
  const { tone, word } = standing(delivery);
  return (
    <a
      class={`badge ${tone}`}
      href={`/deliveries/${id}`}
      data-delivery={id}
      title={word}
    >
      {route}
      <span class="vh">{word}</span>
    </a>
  );
}

/** What is too wide for narrow screens, and can be moved by keyboard. `label` says what it is to who cannot see it. */
export function Scroll({ label, children }: { label: string; children: Child }) {
  return <div class="scroll" tabindex={0} role="region" aria-label={label}>{children}</div>;
}

/** How much an event matters, where it is more than a little. */
export function Severity({ severity }: { severity: EventItem["severity"] }) {
  const tone = { info: "", notice: "busy", warning: "warn", critical: "bad" }[severity];
  return <span class={`badge ${tone}`}>{severity}</span>;
}

/** Newest and older rows. */
export function Pager(
  { path, search, next }: { path: string; search: URLSearchParams; next: string | null },
) {
  const older = new URLSearchParams(search);
  if (next !== null) older.set("cursor", next);
  const newest = new URLSearchParams(search);
  newest.delete("cursor");
  const first = !search.has("cursor");
  if (first && next === null) return null;
  return (
    <nav class="pager" aria-label="Pages of this list">
      {first ? <span /> : <a class="button" href={`${path}?${newest}`}>Newest</a>}
      {next === null
        ? <span class="soft">That was all.</span>
        : <a class="button" href={`${path}?${older}`}>Older</a>}
    </nav>
  );
}

/** A value that is no longer among the choices stays choosable while it is chosen. */
export function withOwn(names: string[], chosen: string | undefined): string[] {
  return !chosen || names.includes(chosen) ? names : [...names, chosen];
}
