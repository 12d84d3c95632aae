/**
 * The nouns of coinrelay, used everywhere with just these meanings. Read this file first.
 *
 * An **event** is what a **source** sent, once. Each **route** that matches it makes one **delivery**: that event
 * for that route's **plugin**. A delivery is tried in **attempts** until it is `done`, or `dead` (a dead letter),
 * from where a person may **replay** it.
 *
 * @module
 */

/** Any JSON value. What a changed field held or holds; nothing may assume text. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  /** Any key. */
  [key: string]: Json;
}

/** How a field changed. */
export type ChangeType = "addition" | "update" | "removal";

/** The change types, in the order in which the provider documents them. */
export const CHANGE_TYPES: readonly ChangeType[] = ["addition", "update", "removal"];

/** One entry of an event's `data.changes`, under the provider's own names. */
export interface Change {
  /** The field's path, such as `platforms.ethereum` or `links.homepage`. */
  field: string;
  /** What kind of change; may be a word that the provider adds one day. */
  change_type: ChangeType;
  /** Absent where the provider sent none. */
  old_value?: Json;
  /** Absent where the provider sent none; a removal may carry `""`. */
  new_value?: Json;
}

/** The coin an event speaks of. Parts that the event does not tell are empty strings. */
export interface Coin {
  /** The provider's id, such as `usd-coin`. */
  id: string;
  /** Ticker, such as `usdc`. */
  symbol: string;
  /** Such as `USDC`. */
  name: string;
}

/** What an event's body says, once understood. */
export interface Content {
  /** The event type, such as `cg.coin.info.updated`. */
  type: string;
  /** The coin it speaks of. */
  coin: Coin;
  /** Null for an event that has no `changes` at all, as price events do. */
  changes: Change[] | null;
  /** The payload's `data` without its `changes`. */
  data: JsonObject;
}

/** An event as it is stored: known by (source, id), kept with its raw body. */
export interface StoredEvent {
  /** Counts up in the order of storing; the cursor of every listing and stream. */
  seq: number;
  /** Name of the source it came from; `relay` for the relay's own events and for what plugins emit. */
  source: string;
  /** The event id its source gave it: opaque text. */
  id: string;
  /** The event type; null when the body was not understood. */
  type: string | null;
  /** Id of the coin it speaks of; null when it names none. */
  coin: string | null;
  /** When it was received, in milliseconds since 1970. */
  receivedAt: number;
  /** The signed timestamp as sent (UNIX seconds); empty for events that were not received. */
  timestamp: string;
  /** The signature as sent; empty for events that were not received. */
  signature: string;
  /** The raw body, byte for byte. */
  body: Uint8Array;
  /** Whether it is a test: sent by `deno task send` or from the dashboard. */
  test: boolean;
  /** How many `context.emit` lie between it and a received event; 0 for a received one. */
  depth: number;
}

/** Where a delivery stands. `dead` is a dead letter. */
export type DeliveryState = "pending" | "running" | "done" | "dead";

/** The delivery states, in the order of a delivery's life. */
export const DELIVERY_STATES: readonly DeliveryState[] = ["pending", "running", "done", "dead"];

/** One event for one route: the unit of work. */
export interface Delivery {
  /** Counts up in the order of making. */
  id: number;
  /** {@linkcode StoredEvent.seq} of its event. */
  event: number;
  /** Name of its route. */
  route: string;
  /** Where it stands. */
  state: DeliveryState;
  /** Indexes into the event's changes that the route matched; null when it takes the event whole. */
  matched: number[] | null;
  /** Attempts begun so far. */
  attempts: number;
  /** When it is to be tried (next), in milliseconds since 1970. */
  dueAt: number;
  /** When it was made, in milliseconds since 1970. */
  createdAt: number;
  /** When it became `done` or `dead`; null before. */
  finishedAt: number | null;
  /** What the last failed attempt said; null when none failed. */
  error: string | null;
  /** The delivery that this one replays; null when it is no replay. */
  replayOf: number | null;
  /** Whether a person has discarded this dead letter. */
  discarded: boolean;
}

/**
 * How an attempt ended:
 * - `done`: the plugin resolved
 * - `retry`: it failed in a way that time may mend
 * - `permanent`: it failed in a way that no retry would mend
 * - `timeout`: it did not end within the route's timeout
 * - `crashed`: its plugin's process ended or broke the protocol
 * - `interrupted`: the relay stopped while it ran
 */
export type Outcome = "done" | "retry" | "permanent" | "timeout" | "crashed" | "interrupted";

/** One try of a delivery. */
export interface Attempt {
  /** 1 for the first. */
  number: number;
  /** When it began, in milliseconds since 1970. */
  startedAt: number;
  /** Wall time in milliseconds; null when the relay did not live to see the end. */
  durationMs: number | null;
  /** How it ended. */
  outcome: Outcome;
  /** What went wrong, for a person; null when nothing did. */
  error: string | null;
  /** Empty when nothing was sent, or when the plugin's process did not live to tell. */
  sent: Sent[];
}

/**
 * Something that an attempt sent, shortened and with its route's secrets masked. The plugin's own process says so, which
 * proves nothing.
 */
export interface Sent {
  /** Such as `POST https://hooks.slack.com/•••`; or in the plugin's words, such as `mail to ops@example.com: Rebrand`. */
  what: string;
  /** The HTTP status that was answered; null: none was, or it was no request. */
  status: number | null;
  /** How its body begins. */
  body: string;
}

/** An event as a plugin sees it: only the changes that its route matched. */
export interface EventForPlugin {
  /** The event id its source gave it. */
  id: string;
  /** Such as `cg.coin.info.updated`. */
  type: string;
  /** Name of its source; `relay` for the relay's own events. */
  source: string;
  /** ISO 8601, UTC. */
  receivedAt: string;
  /** The coin it speaks of; empty texts where it names none. */
  coin: Coin;
  /** Those that the route matched; empty for events without changes. */
  changes: Change[];
  /** The payload's `data` without its `changes`. */
  data: JsonObject;
  /** Whether it was sent to try things out. */
  test: boolean;
}

/** The type of an event that gathers others, as a route's digest does: they are its `data.events`. */
export const DIGEST_TYPE = "relay.digest";
