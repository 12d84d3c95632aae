/** Small pieces that several pages show. @module */
import type { Child } from "hono/jsx";
import type { DeliveryState } from "../../nouns.ts";
import type { EventItem } from "../api/shapes.ts";
import type { Move } from "../parts.ts";
import type { Held } from "../read/routes.ts";
import { plain, T } from "./text.tsx";

/** Path of an event's page. */
export function eventPath(seq: number): string {
  return `/events/seq:${seq}`;
}

/** Path of a coin's page. */
export function coinPath(id: string): string {
  return `/coins/${encodeURIComponent(id.toWellFormed())}`;
}

const TONE: Record<DeliveryState, string> = { pending: "", running: "busy", done: "good", dead: "bad" };
const WORD: Record<DeliveryState, string> = {
  pending: "waiting",
  running: "running",
  done: "done",
  dead: "dead letter",
};

/** What states are called, one or several as an address has them. */
export function stateWord(states: string): string {
  return states.split(",").map((state) => WORD[state as DeliveryState] ?? state).join(" or ");
}

/** Where a delivery stands; `held`: why its route delivers nothing, so that it is not tried again, whenever it is due. */
export function StateBadge({ delivery, held }: { delivery: Progress; held: Held | null }) {
  const { tone, word } = held !== null && delivery.state === "pending"
    ? { tone: "warn", word: WORD.pending }
    : standingOf(delivery);
  return <span class={`badge ${tone}`}>{word}</span>;
}

/** What a delivery waits for whose route delivers nothing. */
export function WaitsForRoute({ held }: { held: Held }) {
  return <>{`waits for its route (${held})`}</>;
}

/** How far a delivery is. */
type Progress = Pick<Move, "state" | "attempts" | "discarded">;

/** What is said of a delivery's state, and in which colour. */
export function standingOf({ state, attempts, discarded }: Progress): { tone: string; word: string } {
  if (discarded) return { tone: "", word: "discarded" };
  if (state === "pending" && attempts > 0) return { tone: "warn", word: "will retry" };
  return { tone: TONE[state], word: WORD[state] };
}

/** A route's delivery in a listing of events. The script of the live page keeps it true. */
export function RouteBadge({ delivery }: { delivery: EventItem["deliveries"][number] }) {
  const { id, route } = delivery;
  const { tone, word } = standingOf(delivery);
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

/**
 * A table, which can be moved by keyboard where it is too wide for the screen. `label` says what it is to who cannot see
 * it; `num`: a column of numbers.
 */
export function Table({ label, class: name, columns, children }: {
  label: string;
  class?: string;
  columns: readonly (readonly [head: Child, kind?: "num"])[];
  children: Child;
}) {
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={label}>
      <table class={name}>
        <thead>
          <tr>{columns.map(([head, kind]) => <th class={kind}>{head}</th>)}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** One of the facts of a list: a text from outside, set as code; `code`: so is its name. */
export function Fact(
  { name, code = false, children }: { name: string; code?: boolean; children: string | undefined },
) {
  return (
    <>
      <dt class={code ? "mono" : undefined}>{code ? <T>{name}</T> : name}</dt>
      <dd class="mono">
        <T>{children}</T>
      </dd>
    </>
  );
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

/**
 * A filter that takes any value or one of these. One that is chosen and no longer among them stays choosable.
 * `extra`: shown when more filters are asked for.
 */
export function Choice({ label, name, values, chosen, word = plain, extra = false }: {
  label: string;
  name: string;
  values: readonly string[];
  chosen: string | undefined;
  word?: (value: string) => string;
  extra?: boolean;
}) {
  const all = !chosen || values.includes(chosen) ? values : [...values, chosen];
  return (
    <label class={extra ? "extra" : ""}>
      {label}
      <select name={name}>
        <option value="">any</option>
        {all.map((value) => <option value={value} selected={value === chosen}>{word(value)}</option>)}
      </select>
    </label>
  );
}
