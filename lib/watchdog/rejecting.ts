/** When a person must hear that a source refuses what the provider sends, and what. A pure policy. @module */
import type { Json, JsonObject } from "../nouns.ts";
import { createPacing } from "./pacing.ts";
import {
  createFailing,
  type Doubtful,
  type Failing,
  type FailingBefore,
  type FailingStand,
  isProviders,
  PROVIDER_TRIES,
} from "../receive/failing.ts";
import type { Receipt, RefusedBecause } from "../receive/receiver.ts";
import { REASONS } from "../receive/remedies.ts";

/** Told in words and figures; see {@linkcode createRejecting}. */
export const REJECTING_EVENT_TYPE = "relay.source.rejecting";

/** Refusals of any events in a row, with nothing taken in between. */
const TELLING_ROW = 5;
const MINUTE = 60_000, HOUR = 60 * MINUTE;
/** So long before the provider gives up it is told once more. */
const LAST_CALL_MS = 2 * HOUR;

/** Follows one source. */
export interface Rejecting {
  /** Takes note of a receipt; answers what to tell now: mostly nothing. */
  record(receipt: Receipt): JsonObject[];
  /** To be called every minute or so: time alone makes some things worth telling. */
  tick(now: number): JsonObject[];
  /** What another relay on the same store may have taken since this one refused it; null when nothing is refused. */
  doubtful(): Doubtful | null;
  /** Another relay has taken this event; answers what to tell now. */
  takenElsewhere(id: string, now: number): JsonObject[];
}

/**
 * Follows one source. What it tells is the `data` of a `relay.source.rejecting`:
 * - `state`: `rejecting`; `gave_up`: the provider's 24 hours are over, it has probably disabled the webhook;
 *   `recovered`: everything that was refused has been taken since
 * - `authentic`: whether the refused deliveries were rightly signed, and so surely the provider's
 * - `tries` of `triesAllowed`, `disabledAt` and `hoursLeft`, `reason`, `eventId`, `refusals`, `events`, `since`
 *
 * Rightly signed deliveries (stale ones, and those that could not be stored) are told at once. Others are told when one
 * event was refused so often that it looks like the provider's, or {@linkcode TELLING_ROW} deliveries in a row were, since
 * anybody can send those; and what anybody sends never delays what is told of rightly signed ones. Tests are told never,
 * and end no trouble.
 *
 * @param before The last that a process before this one told of the source, so that counts go on over a restart.
 */
export function createRejecting(source: string, before: JsonObject | null = null): Rejecting {
  const going = before?.["state"] === "rejecting" || before?.["state"] === "gave_up" ? before : null;
  const signed = createTrack(source, going?.["authentic"] === true ? going : null);
  const unsigned = createTrack(source, going?.["authentic"] === false ? going : null);
  return {
    record(receipt) {
      if (receipt.test) return [];
      const tracks = receipt.result !== "rejected"
        ? [signed, unsigned]
        : receipt.authentic
        ? [signed]
        : [unsigned];
      return tracks.flatMap((track) => track.record(receipt));
    },
    tick: (now) => [signed, unsigned].flatMap((track) => track.tell(now)),
    doubtful() {
      const found = [signed, unsigned].flatMap((track) => track.doubtful());
      if (found.length === 0) return null;
      return {
        refusedAt: Math.max(...found.map(({ refusedAt }) => refusedAt)),
        events: found.flatMap(({ events }) => events),
      };
    },
    takenElsewhere: (id, now) => [signed, unsigned].flatMap((track) => track.takenElsewhere(id, now)),
  };
}

/** Follows either the rightly signed deliveries of a source or the others. */
function createTrack(source: string, before: JsonObject | null) {
  const known = before === null ? null : remembered(before);
  const failing = createFailing(known);
  const pacing = createPacing();
  let outstanding = before !== null;
  let refusalsTold = known?.tries ?? 0;
  let lastCalled = false;
  let gaveUpTold = before?.["state"] === "gave_up";

  function tell(now: number): JsonObject[] {
    const current = failing.read(now);
    if (current === null || !isTelling(current)) return [];
    const gaveUp = current.gaveUp && !gaveUpTold;
    const ending = !current.gaveUp && current.disabledAt - now <= LAST_CALL_MS;
    const news = current.refusals !== refusalsTold && pacing.may(now);
    if (!gaveUp && !news && !(ending && outstanding && !lastCalled)) return [];
    outstanding = true;
    refusalsTold = current.refusals;
    gaveUpTold = current.gaveUp;
    lastCalled ||= ending;
    return [rejecting(source, current, now)];
  }

  /** What is left when something is taken may be a stranger's. */
  function taken(now: number): JsonObject[] {
    if (!outstanding) return [];
    const left = failing.read(now);
    if (left !== null && isTelling(left)) return [];
    outstanding = lastCalled = gaveUpTold = false;
    refusalsTold = 0;
    return [recovered(source, now)];
  }

  return {
    tell,
    doubtful: () => outstanding || failing.any() ? [failing.doubtful()] : [],
    takenElsewhere(id: string, now: number): JsonObject[] {
      failing.takenElsewhere(id);
      return taken(now);
    },
    record(receipt: Receipt): JsonObject[] {
      const stand = failing.record(receipt);
      if (receipt.result !== "rejected") return taken(receipt.at);
      // A flood must cost nothing: all is read only when there may be something to tell.
      return stand !== null && isTelling(stand) && pacing.ready(receipt.at) ? tell(receipt.at) : [];
    },
  };
}

/** The event that was told of by a process before this one. */
function remembered(data: JsonObject): FailingBefore | null {
  const { eventId, tries, since, disabledAt, authentic, reason } = data;
  const times = [Date.parse(String(since)), Date.parse(String(disabledAt))];
  if (typeof eventId !== "string" || typeof tries !== "number" || times.some(Number.isNaN)) return null;
  return {
    id: eventId,
    tries,
    since: times[0]!,
    disabledAt: times[1]!,
    authentic: authentic === true,
    reason: isReason(reason) ? reason : "bad_signature",
  };
}

function isTelling(stand: FailingStand): boolean {
  return isProviders(stand) || stand.inARow >= TELLING_ROW;
}

function isReason(value: Json | undefined): value is RefusedBecause {
  return typeof value === "string" && Object.hasOwn(REASONS, value);
}

function rejecting(source: string, failing: Failing, now: number): JsonObject {
  const { since, refusals, events, tries, eventId, authentic, reason, disabledAt, gaveUp } = failing;
  const { status, remedy } = REASONS[reason];
  const hoursLeft = Math.max(0, Math.round((disabledAt - now) / HOUR * 10) / 10);
  const whose = authentic ? "rightly signed deliveries" : "deliveries";
  const summary = gaveUp
    ? `${source} refused ${whose} for 24 hours: the provider has probably disabled the webhook. Mend the cause ` +
      `(${remedy}), then enable it in the provider's dashboard`
    : `${source} answers ${status} (${reason}) to ${whose}: ${
      Math.min(tries, PROVIDER_TRIES)
    } of ${PROVIDER_TRIES} ` +
      `tries used, about ${hoursLeft} hours until the provider disables the webhook; ${remedy}`;
  return {
    summary,
    severity: gaveUp || authentic ? "critical" : "warning",
    source,
    state: gaveUp ? "gave_up" : "rejecting",
    authentic,
    reason,
    status,
    tries,
    triesAllowed: PROVIDER_TRIES,
    hoursLeft,
    disabledAt: iso(disabledAt),
    eventId,
    events,
    refusals,
    since: iso(since),
    remedy,
  };
}

function recovered(source: string, now: number): JsonObject {
  return {
    summary: `${source} takes deliveries again`,
    severity: "info",
    source,
    state: "recovered",
    at: iso(now),
  };
}

const iso = (at: number) => new Date(at).toISOString();
