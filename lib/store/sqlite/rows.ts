/** Rows of the tables as the nouns that others know. @module */
import type { Attempt, Delivery, Outcome, Sent, StoredEvent } from "../../nouns.ts";
import type { RouteIds } from "./routes.ts";
import { DISCARDED, STATE_NAMES } from "../states.ts";

export const EVENT_COLUMNS =
  "seq, source, id, type, coin, received_at, timestamp, signature, test, depth, body";

export interface EventRow {
  seq: number;
  source: string;
  id: string;
  type: string | null;
  coin: string | null;
  received_at: number;
  timestamp: string;
  signature: string;
  test: number;
  depth: number;
  body: Uint8Array<ArrayBuffer>;
}

export interface DeliveryRow {
  id: number;
  event: number;
  route: number;
  state: number;
  attempts: number;
  round: number;
  due_at: number;
  created_at: number;
  finished_at: number | null;
  replay_of: number | null;
  lane: string | null;
  matched: string | null;
  error: string | null;
}

export interface AttemptRow {
  number: number;
  started_at: number;
  duration_ms: number | null;
  outcome: Outcome;
  error: string | null;
  sent: string | null;
}

export function toEvent(row: EventRow): StoredEvent {
  const { seq, source, id, type, coin, received_at: receivedAt, timestamp, signature, depth, body } = row;
  return { seq, source, id, type, coin, receivedAt, timestamp, signature, body, test: row.test === 1, depth };
}

export function toDelivery(row: DeliveryRow, routes: RouteIds): Delivery {
  return {
    id: row.id,
    event: row.event,
    route: routes.name(row.route),
    state: STATE_NAMES[row.state]!,
    matched: row.matched === null ? null : JSON.parse(row.matched) as number[],
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
  return {
    number,
    startedAt,
    durationMs,
    outcome,
    error,
    sent: sent === null ? [] : JSON.parse(sent) as Sent[],
  };
}
