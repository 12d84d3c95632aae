/** What the sources received, as the API and the pages show it. @module */
import type { SourceConfig } from "../../config/schema.ts";
import { explainRefusal } from "../../receive/explain_refusal.ts";
import { isProviders, PROVIDER_TRIES } from "../../receive/failing.ts";
import type { Refusal } from "../../receive/ledger.ts";
import type { RefusedBecause } from "../../receive/receiver.ts";
import type { RefusalItem, SourceItem } from "../api/shapes.ts";
import { CREDITS_PER_EVENT } from "../counts.ts";
import type { AdminParts, Standing } from "../parts.ts";
import { iso } from "./views.ts";

/** Rows that are looked through for a source's last event of before the relay's start. */
const MOST_LOOKED_AT = 2000;

/** What a reason to refuse means, in a few words. */
export const REFUSED_FOR: Readonly<Record<RefusedBecause, string>> = {
  too_large: "body too large",
  too_slow: "body too slow",
  missing_header: "header missing",
  bad_signature: "wrong signature",
  bad_timestamp: "unreadable timestamp",
  stale_timestamp: "too old, rightly signed",
  future_timestamp: "from the future, rightly signed",
  store_unavailable: "could not be stored",
};

/**
 * Whether somebody must see to what is refused: it is the provider's, and more than a matter of waiting for its next
 * tries, as where the store takes everything again.
 */
export function needsYou(
  { authentic, tries, reason, goesOn, gaveUp }: NonNullable<SourceItem["failing"]>,
): boolean {
  const comesAgain = reason === "store_unavailable" && !goesOn && !gaveUp;
  return isProviders({ authentic, tries }) && !comesAgain;
}

/** The sources, in the order of the config. */
export interface Sources {
  all(standing: Standing): Promise<SourceNow[]>;
  /** The same, each with its day. */
  withDays(standing: Standing): Promise<SourceItem[]>;
  refusals(source?: string): Promise<RefusalItem[]>;
  /** When each source was last heard, in milliseconds since 1970; null: not lately. A test is not its voice. */
  lastHeard(standing: Standing): Promise<Map<string, number | null>>;
}

/** A source as it is now. */
export type SourceNow = Omit<SourceItem, "day">;

/** Makes the view. */
export function createSources(parts: AdminParts): Sources {
  const { store } = parts;
  let before: Promise<Record<"stored" | "heard", Map<string, number>>> | null = null;

  /** What came before this process began to count. Looked up once. */
  function cameBefore() {
    return before ??= (async () => {
      const [stored, heard] = [new Map<string, number>(), new Map<string, number>()];
      for (const { source, receivedAt, test } of await store.events({}, { limit: MOST_LOOKED_AT })) {
        if (!stored.has(source)) stored.set(source, receivedAt);
        if (!test && !heard.has(source)) heard.set(source, receivedAt);
      }
      return { stored, heard };
    })().catch((error) => {
      before = null;
      throw error;
    });
  }

  async function lastHeard(standing: Standing) {
    const { heard } = await cameBefore();
    return new Map(
      [...standing.sources].map(([name, { record }]) => [name, record.heard ?? heard.get(name) ?? null]),
    );
  }

  async function all(standing: Standing): Promise<SourceNow[]> {
    const { stored } = await cameBefore();
    const heard = await lastHeard(standing);
    const { since } = standing;
    const now = parts.now();
    return parts.config().sources.flatMap((source) => {
      const record = standing.sources.get(source.name)?.record;
      if (record === undefined) return []; // the config has just changed
      const lastAt = record.last.accepted ?? stored.get(source.name) ?? null;
      const silentMinutes = source.silentMinutes ?? null;
      const { failing } = record;
      return [{
        name: source.name,
        path: source.path,
        since: iso(since),
        lastEventAt: iso(lastAt),
        accepted: record.accepted,
        duplicate: record.duplicate,
        rejected: record.rejected,
        notUnderstood: record.notUnderstood,
        credits: record.charged * creditsPerEvent(source),
        creditsPerEvent: creditsPerEvent(source),
        silentMinutes,
        silent: silentMinutes !== null && now - (heard.get(source.name) ?? since) > silentMinutes * 60_000,
        failing: failing === null ? null : {
          ...failing,
          since: iso(failing.since),
          disabledAt: iso(failing.disabledAt),
          triesAllowed: PROVIDER_TRIES,
        },
      }];
    });
  }

  return {
    lastHeard,
    all,
    async withDays(standing) {
      const [sources, days] = await Promise.all([all(standing), parts.days()]);
      return sources.map((source) => ({ ...source, day: (days.get(source.name) ?? []).map(stepOfDay) }));
    },
    async refusals(source) {
      const { sources } = parts.config();
      return (await parts.refusals(source)).map((refusal) => refusalItem(refusal, sources));
    },
  };
}

type Step = Awaited<ReturnType<AdminParts["days"]>> extends ReadonlyMap<string, (infer One)[]> ? One : never;

function stepOfDay(
  { at, counts: { accepted, duplicate, rejected, ...reasons } }: Step,
): SourceItem["day"][number] {
  return {
    at: iso(at),
    accepted,
    duplicate,
    rejected,
    reasons: Object.fromEntries(Object.entries(reasons).filter(([, count]) => count > 0)),
  };
}

/** What a new event of a source costs. */
export function creditsPerEvent({ creditsPerEvent = CREDITS_PER_EVENT }: SourceConfig): number {
  return creditsPerEvent;
}

function refusalItem(refusal: Refusal, sources: Parameters<typeof explainRefusal>[1]): RefusalItem {
  const { id, source, at, reason, authentic, headers, bodyBytes } = refusal;
  return {
    id,
    source,
    at: iso(at),
    reason,
    authentic,
    headers,
    bodyBytes,
    ...explainRefusal(refusal, sources),
  };
}
