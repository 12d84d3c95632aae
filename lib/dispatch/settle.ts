/** What becomes of a delivery after an attempt: a pure decision. @module */
import { messageOf } from "../message_of.ts";
import type { Attempt } from "../nouns.ts";
import { ownEvent } from "./own_event.ts";
import type { Route } from "../route/resolve.ts";
import { breaksQuiet, type Plan } from "../route/plan.ts";
import { dueAt } from "../route/schedule.ts";
import type { Claimed, NewEvent, Settlement } from "../store/contract.ts";
import { retryDelay } from "./backoff.ts";
import { failed, type Job, type Result } from "./contract.ts";
import { idempotencyKey } from "./idempotency.ts";
import { contentOf, eventForPlugin } from "./job.ts";

/** An event this deep in a chain of emits makes no further events. */
export const MAX_DEPTH = 4;

/** Told when a delivery becomes a dead letter. */
export const DEAD_EVENT_TYPE = "relay.delivery.dead";

/** Everything that the decision depends on. */
export interface Ended {
  claimed: Claimed;
  /** Null where a fault of the relay's ended the attempt: nothing was emitted. */
  job: Job | null;
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
  const { claimed: { delivery }, route, result, now, random } = ended;
  const { outcome, retryAfterSeconds, kv, sent } = result;
  const attempt = { ...attemptOf(ended), sent: first ? sent : sent.map((one) => ({ ...one, body: "" })) };
  const base = { delivery: delivery.id, attempt, route: route.name, kv: [], emitted: [] };
  if (outcome === "done") {
    return { ...base, next: { state: "done" }, ...(first && { kv, emitted: emittedEvents(ended) }) };
  }
  const delay = outcome === "permanent"
    ? null
    : retryDelay(route.retry, delivery.attempts, retryAfterSeconds, random);
  if (delay === null) return { ...base, next: { state: "dead" }, emitted: deadEvents(ended) };
  return { ...base, next: { state: "pending", dueAt: notInQuietHours(ended, now + delay) } };
}

/**
 * When an attempt that is wanted at `time` may be made: quiet hours hold for it, unless the one before was made in them,
 * or the event may go out in them. A digest's deliveries stay together.
 */
function notInQuietHours({ claimed: { event }, route, startedAt }: Ended, time: number): number {
  const { schedule } = route;
  if (schedule.quietHours === null) return time;
  const quietEnd = (at: number) => dueAt({ ...schedule, digest: null }, at, false);
  const end = quietEnd(time);
  if (end === time || quietEnd(startedAt) !== startedAt) return time;
  return schedule.digest === null && breaksQuiet(route)(contentOf(event)) ? time : end;
}

/** What is known of an attempt whose end is none of its plugin's. `route`: undefined where it is in force no more. */
type Facts = Omit<Ended, "job" | "route" | "result"> & { route: Route | undefined };

/** For an attempt that a fault of the relay's ended: it counts as failed. */
export function faulted(facts: Facts, fault: unknown): Settlement {
  const { claimed, route, now } = facts;
  const result = failed("retry", `the relay failed: ${messageOf(fault)}`);
  if (route === undefined) return givenBack(claimed, now, attemptOf({ ...facts, result }));
  return settledAnyhow({ ...facts, job: null, route, result });
}

/**
 * In place of the end of an attempt that the store `refused` to keep, a dead letter that says why: the plugin has acted,
 * and would leave the same again. It is told unless its route is in force no more.
 */
export function unkeepable(facts: Facts, refused: Settlement, refusal: unknown): Settlement {
  const { route } = facts;
  const result = failed("permanent", `the store cannot keep what came of it: ${messageOf(refusal)}`);
  if (route !== undefined) return settledAnyhow({ ...facts, job: null, route, result });
  const attempt = attemptOf({ ...facts, result });
  return { ...refused, attempt, next: { state: "dead" }, kv: [], emitted: [] };
}

/** Should the plan be at fault, what is told of a dead letter goes to nobody. */
function settledAnyhow(ended: Ended): Settlement {
  try {
    return settlement(ended);
  } catch {
    return settlement({ ...ended, plan: () => [] });
  }
}

/** For a delivery that is not to end here. `attempt`: null where none took place. */
export function givenBack(
  { delivery: { id, route, attempts } }: Claimed,
  dueAt: number,
  attempt: Attempt | null,
): Settlement {
  return {
    delivery: id,
    attempt,
    ...(attempt === null && { undoes: attempts }),
    next: { state: "pending", dueAt },
    route,
    kv: [],
    emitted: [],
  };
}

/** For what runs when the relay stops: it may have acted already, so it counts as an attempt. */
export function interrupted(claimed: Claimed, startedAt: number, now: number): Settlement {
  const result = { outcome: "interrupted" as const, error: "the relay stopped", sent: [] };
  return givenBack(claimed, now, attemptOf({ claimed, result, startedAt, now }));
}

/** The attempt as it is kept. */
function attemptOf(
  { claimed: { delivery }, result: { outcome, error, sent }, startedAt, now }:
    & Pick<Ended, "claimed" | "startedAt" | "now">
    & { result: Pick<Attempt, "outcome" | "error" | "sent"> },
): Attempt {
  const durationMs = Math.max(0, now - startedAt);
  return { number: delivery.attempts, startedAt, durationMs, outcome, error, sent };
}

/** Whether the attempt emitted events that are cut off because their chain is too deep. */
export function cutsChain({ claimed, result }: Pick<Ended, "claimed" | "result">): boolean {
  return result.emitted.length > 0 && claimed.event.depth >= MAX_DEPTH;
}

/** Ids come from the delivery's key, so that a repeated attempt stores nothing twice. */
function emittedEvents(ended: Ended): NewEvent[] {
  const { claimed: { event }, job, result, plan, now } = ended;
  if (job === null || cutsChain(ended)) return [];
  const { coin, test } = job.event;
  return result.emitted.map(({ type, data }, index) =>
    ownEvent(
      {
        id: `${job.idempotencyKey}:${index}`,
        type,
        coin: coin.id === "" ? null : coin,
        data,
        test,
        depth: event.depth + 1,
      },
      plan,
      now,
    )
  );
}

/**
 * Of each delivery by itself, those of a digest too. The death of a delivery that told of a death is not told: it would
 * never end.
 */
function deadEvents(
  { claimed: { delivery, event }, result, route, startedAt, plan, now }: Ended,
): NewEvent[] {
  if (event.type === DEAD_EVENT_TYPE) return [];
  const { coin } = eventForPlugin(event, []);
  const data = {
    route: route.name,
    plugin: route.plugin,
    delivery: delivery.id,
    attempts: delivery.attempts,
    error: result.error,
    event: { id: event.id, type: event.type, source: event.source },
  };
  return [ownEvent(
    {
      id: `${idempotencyKey(event, delivery)}:dead:${startedAt}`,
      type: DEAD_EVENT_TYPE,
      coin: coin.id === "" ? null : coin,
      data,
      test: event.test,
      depth: Math.min(event.depth + 1, MAX_DEPTH),
    },
    plan,
    now,
  )];
}
