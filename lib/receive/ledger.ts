/**
 * What the sources received since the relay started: counts, and the last refusals in full, so that each can be
 * explained. Kept in memory and bounded, whatever strangers send.
 *
 * @module
 */
import type { SignedHeaders } from "../verify/verify.ts";
import { createFailing, type Failing, type FailingDeliveries } from "./failing.ts";
import type { Receipt, RefusedBecause } from "./receiver.ts";
import { createSeries, type Series } from "./series.ts";

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
const RESULTS: readonly Receipt["result"][] = ["accepted", "duplicate", "rejected"];

/** What is counted through the day. */
type DayKind = Receipt["result"] | RefusedBecause;

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

/** Deliveries that are refused now, or were and have not been taken yet. */
export interface FailingStretch extends Omit<Failing, "inARow" | "events"> {
  /** Whether nothing was taken since the last refusal. */
  goesOn: boolean;
}

/** What one source received. */
export interface SourceRecord {
  accepted: number;
  /** How many of the accepted the provider charges for: all that are no tests. */
  charged: number;
  duplicate: number;
  rejected: Readonly<Record<RefusedBecause, number>>;
  /** How many accepted bodies were not understood. */
  notUnderstood: number;
  /** When each result came last; null: not yet. */
  last: Readonly<Record<Receipt["result"], number | null>>;
  /** When something was taken last that is no test, whether new or known; null: not yet. */
  heard: number | null;
  failing: FailingStretch | null;
}

/** The record of all sources. */
export interface Ledger {
  /** When it began, in milliseconds since 1970. */
  since: number;
  record(receipt: Receipt): void;
  source(name: string, now: number): SourceRecord;
  /** The last quarter of an hour in steps of 10 s. */
  recent(source: string, now: number): ReturnType<Series<Receipt["result"]>["read"]>;
  /** The last day in steps of 15 minutes, the refused by their reason as well. */
  day(source: string, now: number): ReturnType<Series<DayKind>["read"]>;
  /** The refusals still known, newest first. */
  refusals(source?: string): Refusal[];
}

/** So much of a refused body is kept. */
export const KEPT_BODY_BYTES = 16 * 1024;
/** So many refusals of each source and reason are kept, so that a flood of one reason pushes out no other. */
const KEPT_REFUSALS = 20;
/** A header that a stranger made long is cut to so many characters. */
const KEPT_HEADER_CHARS = 512;

interface Account {
  counts: { accepted: number; charged: number; duplicate: number; rejected: Record<RefusedBecause, number> };
  notUnderstood: number;
  last: Record<Receipt["result"], number | null>;
  heard: number | null;
  failing: FailingDeliveries;
  recent: Series<Receipt["result"]>;
  day: Series<DayKind>;
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
    to.day.add(reason, receipt.at);
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
      to.failing.record(receipt);
      if (result !== "rejected") {
        to.counts[result]++;
        if (!receipt.test) to.heard = at;
        if (result === "accepted") {
          if (!receipt.test) to.counts.charged++;
          if (receipt.notUnderstood !== null) to.notUnderstood++;
        }
      } else if (reason !== null) {
        refuse(to, receipt, reason);
      }
    },
    source(name, now) {
      const { counts, notUnderstood, last, heard, failing } = account(name);
      return {
        accepted: counts.accepted,
        charged: counts.charged,
        duplicate: counts.duplicate,
        rejected: { ...counts.rejected },
        notUnderstood,
        last: { ...last },
        heard,
        failing: stretchOf(failing.read(now)),
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
    counts: { accepted: 0, charged: 0, duplicate: 0, rejected: rejected as Record<RefusedBecause, number> },
    notUnderstood: 0,
    last: { accepted: null, duplicate: null, rejected: null },
    heard: null,
    failing: createFailing(),
    recent: createSeries(RESULTS, 10_000, 90),
    day: createSeries([...RESULTS, ...REFUSED_BECAUSE], 15 * 60_000, 96),
    refusals: new Map(),
  };
}

function stretchOf(failing: Failing | null): FailingStretch | null {
  if (failing === null) return null;
  const { inARow, events: _, ...stretch } = failing;
  return { ...stretch, goesOn: inARow > 0 };
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
