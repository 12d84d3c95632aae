/**
 * What the sources received since the relay started: counts, and the last refusals in full, so that each can be
 * explained. Kept in memory and bounded, whatever strangers send.
 *
 * @module
 */
import type { SignedHeaders } from "../verify/verify.ts";
import type { Receipt } from "./receiver.ts";
import { createSeries, type Series } from "./series.ts";

/** Why a delivery was refused. */
export type RefusedBecause = NonNullable<Receipt["reason"]>;

/** Every reason, in the order in which a delivery is judged. */
export const REFUSED_BECAUSE: readonly RefusedBecause[] = [
  "too_large",
  "too_slow",
  "missing_header",
  "bad_signature",
  "bad_timestamp",
  "stale_timestamp",
  "future_timestamp",
  "store_unavailable",
];

/** What can come of a delivery. */
export const RESULTS: readonly Receipt["result"][] = ["accepted", "duplicate", "rejected"];

/** How often the provider tries a delivery before it disables the webhook. */
export const PROVIDER_TRIES = 14;

/** A refused delivery, kept to be explained. */
export interface Refusal {
  /** Counts up from 1. */
  id: number;
  source: string;
  at: number;
  reason: RefusedBecause;
  authentic: boolean;
  headers: SignedHeaders;
  /** The body's beginning, up to {@linkcode KEPT_BODY_BYTES}. */
  body: Uint8Array;
  /** Length of the whole body. */
  bodyBytes: number;
}

/** An unbroken row of refusals: nothing of this source was taken since. */
export interface FailingStretch {
  since: number;
  refusals: number;
  /** How often the event that was tried most was refused: so many of {@linkcode PROVIDER_TRIES} are used up. */
  tries: number;
  /** The id of that event; null where no refused delivery named one. */
  eventId: string | null;
  /** Whether at least one refused delivery was rightly signed, and so surely the provider's. */
  authentic: boolean;
}

/** What one source received. */
export interface SourceRecord {
  accepted: number;
  duplicate: number;
  rejected: Readonly<Record<RefusedBecause, number>>;
  /** How many accepted bodies were not understood. */
  notUnderstood: number;
  /** When each result came last; null: not yet. */
  last: Readonly<Record<Receipt["result"], number | null>>;
  failing: FailingStretch | null;
}

/** The record of all sources. */
export interface Ledger {
  /** When it began, in milliseconds since 1970. */
  since: number;
  record(receipt: Receipt): void;
  source(name: string): SourceRecord;
  /** The last quarter of an hour in steps of 10 s. */
  recent(source: string, now: number): ReturnType<Series<Receipt["result"]>["read"]>;
  /** The last day in steps of 15 minutes. */
  day(source: string, now: number): ReturnType<Series<Receipt["result"]>["read"]>;
  /** The refusals still known, newest first. */
  refusals(source?: string): Refusal[];
}

/** So much of a refused body is kept. */
export const KEPT_BODY_BYTES = 16 * 1024;
/** So many refusals of each source and reason are kept, so that a flood of one reason pushes out no other. */
const KEPT_REFUSALS = 20;
/** So many event ids of a failing stretch are told apart. */
const KEPT_IDS = 1000;
/** A header that a stranger made long is cut to so many characters. */
const KEPT_HEADER_CHARS = 512;

interface Stretch {
  since: number;
  refusals: number;
  authentic: boolean;
  triesById: Map<string, number>;
  tries: number;
  eventId: string | null;
}

interface Account {
  counts: { accepted: number; duplicate: number; rejected: Record<RefusedBecause, number> };
  notUnderstood: number;
  last: Record<Receipt["result"], number | null>;
  stretch: Stretch | null;
  recent: Series<Receipt["result"]>;
  day: Series<Receipt["result"]>;
  refusals: Map<RefusedBecause, Refusal[]>;
}

/** Makes an empty ledger that begins at `since` (milliseconds since 1970). */
export function createLedger(since: number): Ledger {
  const accounts = new Map<string, Account>();
  let lastId = 0;

  function account(source: string): Account {
    let found = accounts.get(source);
    if (found === undefined) accounts.set(source, found = emptyAccount());
    return found;
  }

  function refuse(to: Account, receipt: Receipt, reason: RefusedBecause) {
    to.counts.rejected[reason]++;
    to.stretch ??= {
      since: receipt.at,
      refusals: 0,
      authentic: false,
      triesById: new Map(),
      tries: 0,
      eventId: null,
    };
    lengthen(to.stretch, receipt);
    const kept = to.refusals.get(reason) ?? [];
    to.refusals.set(reason, kept);
    kept.push(refusal(++lastId, receipt, reason));
    if (kept.length > KEPT_REFUSALS) kept.shift();
  }

  return {
    since,
    record(receipt) {
      const to = account(receipt.source);
      const { result, at, reason } = receipt;
      to.recent.add(result, at);
      to.day.add(result, at);
      to.last[result] = at;
      if (result !== "rejected") {
        to.counts[result]++;
        to.stretch = null;
        if (result === "accepted" && receipt.notUnderstood !== null) to.notUnderstood++;
      } else if (reason !== null) {
        refuse(to, receipt, reason);
      }
    },
    source(name) {
      const { counts, notUnderstood, last, stretch } = account(name);
      return {
        accepted: counts.accepted,
        duplicate: counts.duplicate,
        rejected: { ...counts.rejected },
        notUnderstood,
        last: { ...last },
        failing: stretch === null ? null : failing(stretch),
      };
    },
    recent: (source, now) => account(source).recent.read(now),
    day: (source, now) => account(source).day.read(now),
    refusals(source) {
      const from = source === undefined ? [...accounts.values()] : [account(source)];
      return from.flatMap((one) => [...one.refusals.values()].flat()).sort((a, b) => b.id - a.id);
    },
  };
}

function emptyAccount(): Account {
  const rejected = Object.fromEntries(REFUSED_BECAUSE.map((reason) => [reason, 0]));
  return {
    counts: { accepted: 0, duplicate: 0, rejected: rejected as Record<RefusedBecause, number> },
    notUnderstood: 0,
    last: { accepted: null, duplicate: null, rejected: null },
    stretch: null,
    recent: createSeries(RESULTS, 10_000, 90),
    day: createSeries(RESULTS, 15 * 60_000, 96),
    refusals: new Map(),
  };
}

/** A delivery without an id is a try of an event of its own. */
function lengthen(stretch: Stretch, { headers, authentic }: Receipt) {
  stretch.refusals++;
  stretch.authentic ||= authentic;
  const id = cut(headers.id);
  const tries = id === "" ? 1 : (stretch.triesById.get(id) ?? 0) + 1;
  if (id !== "") {
    stretch.triesById.set(id, tries);
    if (stretch.triesById.size > KEPT_IDS) stretch.triesById.delete(stretch.triesById.keys().next().value!);
  }
  if (tries > stretch.tries || (tries === stretch.tries && stretch.eventId === null)) {
    stretch.tries = tries;
    stretch.eventId = id || null;
  }
}

function failing({ since, refusals, tries, eventId, authentic }: Stretch): FailingStretch {
  return { since, refusals, tries, eventId, authentic };
}

function refusal(id: number, receipt: Receipt, reason: RefusedBecause): Refusal {
  const { source, at, authentic, headers, body } = receipt;
  return {
    id,
    source,
    at,
    reason,
    authentic,
    headers: { timestamp: cut(headers.timestamp), id: cut(headers.id), signature: cut(headers.signature) },
    body: body.slice(0, KEPT_BODY_BYTES),
    bodyBytes: body.byteLength,
  };
}

const cut = (text: string) => text.slice(0, KEPT_HEADER_CHARS);
