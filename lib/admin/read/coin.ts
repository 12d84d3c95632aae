/** What is known of a coin, from its events alone. @module */
import type { Json } from "../../nouns.ts";
import type { StoreReads } from "../../store/contract.ts";
import type { EventItem } from "../api/shapes.ts";
import { findEvents } from "./find_events.ts";

/** One field's last known value, and from what. */
export interface Known {
  field: string;
  /** What it became last; undefined: it was taken away. */
  value: Json | undefined;
  /** Whether the last change took it away. */
  gone: boolean;
  at: string;
  seq: number;
  /** How often it changed. */
  changes: number;
}

/** A coin. */
export interface CoinView {
  id: string;
  symbol: string;
  name: string;
  /** What the events say, by group, the group's fields in order. */
  groups: { title: string; known: Known[] }[];
  /** Categories that it joined or left, the last to do so first. */
  categories: { name: string; at: string; seq: number; left: boolean }[];
  events: EventItem[];
  /** Whether there are older events that were not looked at. */
  more: boolean;
}

/** So many of its newest events are looked at. */
const MOST_EVENTS = 500;
/** So many of them are shown. */
const SHOWN_EVENTS = 100;

const GROUPS: [title: string, takes: (field: string) => boolean][] = [
  ["Names", (field) => ["id", "name", "symbol", "web_slug", "image"].includes(field)],
  ["Contracts", (field) => field.startsWith("platforms.")],
  ["Notices", (field) => field === "public_notices" || field.startsWith("additional_notices.")],
  ["Links", (field) => field.startsWith("links.")],
  ["Other fields", () => true],
];

/** Gathers it; null when no event speaks of the coin. */
export async function coinView(store: StoreReads, id: string): Promise<CoinView | null> {
  const { items, next } = await findEvents(store, { coins: [id] }, { limit: MOST_EVENTS });
  if (items.length === 0) return null;
  const latest = items.find(({ coin }) => coin !== null && coin.name !== "")?.coin;
  const { fields, categories } = knownFrom(items);
  const grouped = Map.groupBy(
    [...fields.values()].sort((a, b) => a.field.localeCompare(b.field)),
    ({ field }) => GROUPS.find(([, takes]) => takes(field))![0],
  );
  return {
    id,
    symbol: latest?.symbol ?? "",
    name: latest?.name ?? id,
    groups: GROUPS.flatMap(([title]) => {
      const known = grouped.get(title);
      return known === undefined ? [] : [{ title, known }];
    }),
    categories: [...categories.values()],
    events: items.slice(0, SHOWN_EVENTS),
    more: next !== null || items.length > SHOWN_EVENTS,
  };
}

/** From the newest event back: what is said first of a field is what holds. Pure. */
function knownFrom(events: readonly EventItem[]) {
  const fields = new Map<string, Known>();
  const categories = new Map<string, CoinView["categories"][number]>();
  for (const { changes, receivedAt: at, seq } of events) {
    for (const change of (changes ?? []).toReversed()) {
      const { field, change_type, old_value, new_value } = change;
      if (field === "categories" && change_type !== "update") {
        const left = change_type === "removal";
        const name = String((left ? old_value : new_value) ?? "");
        if (name !== "" && !categories.has(name)) categories.set(name, { name, at, seq, left });
        continue;
      }
      const known = fields.get(field);
      if (known !== undefined) {
        known.changes++;
        continue;
      }
      const value = new_value as Json | undefined;
      const gone = change_type === "removal" || value === undefined || value === "" || value === null ||
        (Array.isArray(value) && value.length === 0);
      fields.set(field, {
        field,
        value: gone ? old_value as Json | undefined : value,
        gone,
        at,
        seq,
        changes: 1,
      });
    }
  }
  return { fields, categories };
}
