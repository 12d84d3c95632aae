/**
 * The deliveries that a source keeps refusing: what the provider counts against the webhook. It tries each event
 * {@linkcode PROVIDER_TRIES} times within {@linkcode PROVIDER_PATIENCE_MS}, and disables the webhook when all of them
 * failed.
 *
 * @module
 */
import type { Receipt, RefusedBecause } from "./receiver.ts";

/** How often the provider tries a delivery before it disables the webhook. */
export const PROVIDER_TRIES = 14;
/** From the first try to the last, in milliseconds. */
const PROVIDER_PATIENCE_MS = 24 * 3600 * 1000;

/** How one event stands, or the one that stands worst. */
export interface FailingStand {
  /** How often it was refused: so many of {@linkcode PROVIDER_TRIES} are used up. */
  tries: number;
  /** Whether it was rightly signed, and so surely the provider's. */
  authentic: boolean;
  /** How many deliveries were refused in a row, with nothing taken in between. */
  inARow: number;
}

/** Deliveries that are refused now. Times in milliseconds since 1970. */
export interface Failing extends FailingStand {
  /** When the first of them was refused. */
  since: number;
  /** How many deliveries were refused since all was well. */
  refusals: number;
  /** How many events they are, as far as they name themselves. */
  events: number;
  /** The id of the event that was tried most; null where none names itself. */
  eventId: string | null;
  /** Why the last one was refused. */
  reason: RefusedBecause;
  /** When the provider has tried the oldest for so long that it gives up. */
  disabledAt: number;
  /** Whether that time has passed for one of them, and nothing was taken since. */
  gaveUp: boolean;
}

/** Keeps count. Bounded, whatever strangers send. */
export interface FailingDeliveries {
  /**
   * Answers how the event stands that was refused; null when none was. A test says nothing of how the provider's
   * deliveries fare, refused or taken.
   */
  record(receipt: Receipt): FailingStand | null;
  /** What is failing at `now`; null when nothing is. */
  read(now: number): Failing | null;
  /** Whether anything may be failing. */
  any(): boolean;
  /** What another relay may have taken since this one refused it. */
  doubtful(): Doubtful;
  /** Another relay has taken this event. */
  takenElsewhere(id: string): void;
}

/** When this relay refused last: in all, and each event that is surely or probably the provider's. */
export interface Doubtful {
  refusedAt: number;
  events: { id: string; refusedAt: number }[];
}

/** An event that a process before this one has seen failing. */
export interface FailingBefore {
  id: string;
  since: number;
  tries: number;
  authentic: boolean;
  reason: RefusedBecause;
  disabledAt: number;
}

interface FailingEvent {
  /** When we refused it first. */
  since: number;
  /** When we refused it last. */
  refusedAt: number;
  /** When the provider tried it first, as far as that shows. */
  firstTryAt: number;
  tries: number;
  authentic: boolean;
}

/** So many events are told apart; beyond, the one that was tried longest ago is forgotten. */
const MOST_EVENTS = 1000;
/** Ids that a stranger made long are cut to so many characters. */
const MOST_ID_CHARS = 512;
/** Refused so often, an event that nobody signed looks like the provider's. */
const TRIES_OF_A_PROVIDER = 3;

/** Makes a count: empty, or going on with what was failing before. */
export function createFailing(before: FailingBefore | null = null): FailingDeliveries {
  const events = new Map<string, FailingEvent>();
  if (before !== null) {
    const { id, since, tries, authentic, disabledAt } = before;
    const firstTryAt = disabledAt - PROVIDER_PATIENCE_MS;
    events.set(id, { since, refusedAt: since, tries, authentic, firstTryAt });
  }
  let refusals = before?.tries ?? 0;
  let unnamed = 0, inARow = 0;
  let rowSince = 0, refusedAt = before?.since ?? -Infinity;
  let reason: RefusedBecause = before?.reason ?? "bad_signature";
  let gaveUp: [string, FailingEvent] | null = null;

  function taken(id: string) {
    if (events.size > 0) events.delete(cut(id));
    unnamed = inARow = 0;
    gaveUp = null;
    if (events.size === 0) refusals = 0;
  }

  function refused({ headers, at, authentic }: Receipt, why: RefusedBecause): FailingStand {
    reason = why;
    refusedAt = at;
    refusals++;
    if (inARow++ === 0) rowSince = at;
    const id = cut(headers.id);
    if (id === "") {
      unnamed++;
      return { tries: 1, authentic, inARow };
    }
    const known = events.get(id);
    const firstTryAt = authentic ? firstTry(headers.timestamp, at) : at;
    const event = known ?? { since: at, refusedAt: at, firstTryAt, tries: 0, authentic };
    event.tries++;
    event.refusedAt = at;
    event.authentic ||= authentic;
    event.firstTryAt = Math.min(event.firstTryAt, firstTryAt);
    events.delete(id); // to the end: those tried longest ago stand first
    events.set(id, event);
    if (events.size > MOST_EVENTS) events.delete(oldest(events));
    return { tries: event.tries, authentic: event.authentic, inARow };
  }

  /** All that was refused and may fail: those that it still tries, and the one that it gave up. */
  function untaken(): [id: string, event: FailingEvent][] {
    return [...events, ...(gaveUp === null ? [] : [gaveUp])];
  }

  /** Lets go of events that the provider will not try again. */
  function expire(now: number) {
    for (const [id, event] of events) {
      if (now < event.firstTryAt + PROVIDER_PATIENCE_MS) continue;
      events.delete(id);
      if (isProviders(event)) gaveUp = [id, event];
    }
    if (events.size > 0 || gaveUp !== null || now - rowSince < PROVIDER_PATIENCE_MS) return;
    unnamed = inARow = refusals = 0;
  }

  return {
    record(receipt) {
      if (receipt.test) return null;
      if (receipt.result !== "rejected") taken(receipt.headers.id);
      else if (receipt.reason !== null && looksLikeDelivery(receipt)) return refused(receipt, receipt.reason);
      return null;
    },
    read(now) {
      expire(now);
      const all = untaken();
      if (all.length === 0 && unnamed === 0) return null;
      const most = all.reduce<typeof gaveUp>((a, b) => a === null || b[1].tries > a[1].tries ? b : a, null);
      const sinces = [...all.map(([, { since }]) => since), ...(unnamed > 0 ? [rowSince] : [])];
      const firstTries = [...all.map(([, { firstTryAt }]) => firstTryAt), ...(unnamed > 0 ? [rowSince] : [])];
      return {
        since: Math.min(...sinces),
        refusals,
        inARow,
        events: all.length,
        tries: most?.[1].tries ?? 1,
        eventId: most?.[0] ?? null,
        authentic: all.some(([, { authentic }]) => authentic),
        reason,
        disabledAt: Math.min(...firstTries) + PROVIDER_PATIENCE_MS,
        gaveUp: gaveUp !== null,
      };
    },
    any: () => events.size > 0 || gaveUp !== null || unnamed > 0,
    doubtful() {
      const all = untaken().filter(([, event]) => isProviders(event));
      return { refusedAt, events: all.map(([id, event]) => ({ id, refusedAt: event.refusedAt })) };
    },
    takenElsewhere: taken,
  };
}

/** Whether a refused event is surely or probably the provider's. */
export function isProviders({ authentic, tries }: Pick<FailingStand, "authentic" | "tries">): boolean {
  return authentic || tries >= TRIES_OF_A_PROVIDER;
}

const cut = (id: string) => id.slice(0, MOST_ID_CHARS);

const EVENT_TYPE = new TextEncoder().encode('"event_type"');
/** So far into a body we look for it. */
const LOOKED_AT = 64;

/** Scanners and browsers knock too: what names no event, and whose body is none, is nothing the provider sent. */
function looksLikeDelivery({ headers, body }: Receipt): boolean {
  if (headers.id !== "") return true;
  for (let at = 0; at + EVENT_TYPE.length <= Math.min(body.length, LOOKED_AT); at++) {
    if (EVENT_TYPE.every((byte, i) => body[at + i] === byte)) return true;
  }
  return false;
}

/** A signed timestamp is the time of the event, and so not after the first try. One far away tells nothing. */
function firstTry(timestamp: string, at: number): number {
  const signedAt = Number(timestamp) * 1000;
  return signedAt <= at && at - signedAt < PROVIDER_PATIENCE_MS ? signedAt : at;
}

/** The event tried longest ago; those surely the provider's are spared while there are others. */
function oldest(events: ReadonlyMap<string, FailingEvent>): string {
  for (const [id, { authentic }] of events) if (!authentic) return id;
  return events.keys().next().value!;
}
