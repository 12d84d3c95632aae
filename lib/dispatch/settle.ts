/** What becomes of a delivery after an attempt: a pure decision. @module */
import type { Attempt, EventForPlugin, JsonObject } from "../nouns.ts";
import { ownEvent } from "./own_event.ts";
import type { Route } from "../route/resolve.ts";
import type { Plan } from "../route/plan.ts";
import type { Claimed, NewEvent, Settlement } from "../store/contract.ts";
import { retryDelay } from "./backoff.ts";
import type { Job, Result } from "./contract.ts";

/** An event this deep in a chain of emits makes no further events. */
export const MAX_DEPTH = 4;

/** Told when a delivery becomes a dead letter. */
export const DEAD_EVENT_TYPE = "relay.delivery.dead";

/** Everything that the decision depends on. */
export interface Ended {
  claimed: Claimed;
  job: Job;
  route: Route;
  result: Result;
  startedAt: number;
  now: number;
  /** Between 0 and 1. */
  random: number;
  plan: Plan;
}

/**
 * Decides what to write: done, another attempt later, or a dead letter with the event that tells of it. What a plugin
 * remembers and emits, and the bodies of what it sent, are written once, with the `first` of the deliveries that an
 * attempt was made for.
 */
export function settlement(ended: Ended, first = true): Settlement {
  const { claimed: { delivery }, route, result, startedAt, now } = ended;
  const attempt: Attempt = {
    number: delivery.attempts,
    startedAt,
    durationMs: Math.max(0, now - startedAt),
    outcome: result.outcome,
    error: result.error,
    sent: first ? result.sent : result.sent.map((one) => ({ ...one, body: "" })),
  };
  const base = { delivery: delivery.id, attempt, route: route.name };
  if (result.outcome === "done") {
    const next = { state: "done" } as const;
    return first
      ? { ...base, next, kv: result.kv, emitted: emittedEvents(ended) }
      : { ...base, next, kv: [], emitted: [] };
  }
  const delay = result.outcome === "permanent"
    ? null
    : retryDelay(route.retry, delivery.attempts, result.retryAfterSeconds, ended.random);
  return delay === null
    ? { ...base, next: { state: "dead" }, kv: [], emitted: deadEvents(ended) }
    : { ...base, next: { state: "pending", dueAt: now + delay }, kv: [], emitted: [] };
}

/** For a delivery that is not to end here. `attempt`: null where none took place. */
export function givenBack(
  { delivery: { id, route } }: Claimed,
  dueAt: number,
  attempt: Attempt | null,
): Settlement {
  return { delivery: id, attempt, next: { state: "pending", dueAt }, route, kv: [], emitted: [] };
}

/** Whether the attempt emitted events that are cut off because their chain is too deep. */
export function cutsChain({ claimed, result }: Pick<Ended, "claimed" | "result">): boolean {
  return result.emitted.length > 0 && claimed.event.depth >= MAX_DEPTH;
}

/** Ids come from the delivery's key, so that a repeated attempt stores nothing twice. */
function emittedEvents(ended: Ended): NewEvent[] {
  if (cutsChain(ended)) return [];
  const { claimed: { event }, job, result } = ended;
  return result.emitted.map(({ type, data }, index) =>
    own(ended, `${job.idempotencyKey}:${index}`, type, data, event.depth + 1)
  );
}

/** The death of a delivery that told of a death is not told: it would never end. */
function deadEvents(ended: Ended): NewEvent[] {
  const { claimed: { delivery, event }, job, result, route, startedAt } = ended;
  if (event.type === DEAD_EVENT_TYPE) return [];
  const data = {
    route: route.name,
    plugin: route.plugin,
    delivery: delivery.id,
    attempts: delivery.attempts,
    error: result.error,
    event: { id: event.id, type: event.type, source: event.source },
  };
  const id = `${job.idempotencyKey}:dead:${startedAt}`;
  return [own(ended, id, DEAD_EVENT_TYPE, data, Math.min(event.depth + 1, MAX_DEPTH))];
}

function own(
  { job, plan, now }: Ended,
  id: string,
  type: string,
  data: JsonObject,
  depth: number,
): NewEvent {
  const coin: EventForPlugin["coin"] | null = job.event.coin.id === "" ? null : job.event.coin;
  return ownEvent({ id, type, coin, data, test: job.event.test, depth }, plan, now);
}
