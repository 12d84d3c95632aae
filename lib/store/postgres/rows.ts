/** Rows of the tables as the nouns that others know. @module */
import type { Attempt, Delivery, Outcome, Sent, StoredEvent } from "../../nouns.ts";
import { DISCARDED, STATE_NAMES } from "../states.ts";

/** Of table `events`, called `e`. */
export const EVENT_COLUMNS =
  "e.seq, e.source, e.id, e.type, e.coin, e.received_at, e.timestamp, e.signature, e.test, e.depth, e.body";

/** Of table `deliveries`, called `d`, and `routes`, called `r`. */
export const DELIVERY_COLUMNS = `d.id, d.event, r.name AS route, d.state, d.attempts, d.due_at, d.created_at,
  d.finished_at, d.replay_of, d.matched, d.error`;

export interface EventRow {
  seq: number;
  source: string;
  id: string;
  type: string | null;
  coin: string | null;
  received_at: number;
  timestamp: string;
  signature: string;
  test: boolean;
  depth: number;
  body: Uint8Array<ArrayBuffer>;
}

export interface DeliveryRow {
  id: number;
  event: number;
  route: string;
  state: number;
  attempts: number;
  due_at: number;
  created_at: number;
  finished_at: number | null;
  replay_of: number | null;
  matched: number[] | null;
  error: string | null;
}

export interface AttemptRow {
  number: number;
  started_at: number;
  duration_ms: number | null;
  outcome: Outcome;
  error: string | null;
  sent: Sent[] | null;
}

export function toEvent(row: EventRow): StoredEvent {
  const { seq, source, id, type, coin, timestamp, signature, body, test, depth } = row;
  return {
    seq,
    source,
    id,
    type,
    coin,
    receivedAt: row.received_at,
    timestamp,
    signature,
    body,
    test,
    depth,
  };
}

export function toDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    event: row.event,
    route: row.route,
    state: STATE_NAMES[row.state]!,
    matched: row.matched,
    attempts: row.attempts,
    dueAt: row.due_at,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    error: row.error,
    replayOf: row.replay_of,
    discarded: row.state === DISCARDED,
  };
}

export function toAttempt(row: AttemptRow): Attempt {
  const { number, started_at: startedAt, duration_ms: durationMs, outcome, error, sent } = row;
  return { number, startedAt, durationMs, outcome, error, sent: sent ?? [] };
}
