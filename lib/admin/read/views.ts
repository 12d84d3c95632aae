/** What is stored, as the API and the pages show it. @module */
import type { SourceConfig } from "../../config/schema.ts";
import type { Attempt, Content, Delivery, StoredEvent } from "../../nouns.ts";
import { gravest, SEVERITIES, type Severity, severityOf } from "../../plugin/severity.ts";
import { understand } from "../../receive/understand.ts";
import { isSignedBy, signingKey } from "../../verify/signature.ts";
import type { AttemptItem, DeliveryItem, DeliveryWhole, EventItem, EventWhole } from "../api/shapes.ts";

/** Milliseconds since 1970 as ISO 8601. */
export function iso(at: number): string;
export function iso(at: number | null): string | null;
export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** What an event's body says; null when it was not understood. */
export function contentOf({ body }: Pick<StoredEvent, "body">): Content | null {
  const content = understand(body);
  return "notUnderstood" in content ? null : content;
}

/** An event for listings. `content` is what {@linkcode contentOf} says of it. */
export function eventItem(
  event: StoredEvent,
  content: Content | null,
  deliveries: readonly Delivery[],
): EventItem {
  return {
    seq: event.seq,
    source: event.source,
    id: event.id,
    type: event.type,
    receivedAt: iso(event.receivedAt),
    coin: content === null || event.coin === null ? null : content.coin,
    changes: (content?.changes ?? null) as EventItem["changes"],
    data: content?.changes === null ? content.data : null,
    severity: severityOfEvent(event.type, content),
    test: event.test,
    depth: event.depth,
    deliveries: deliveries.map(({ id, route, state, attempts, discarded }) => ({
      id,
      route,
      state,
      attempts,
      discarded,
    })),
  };
}

/** How much an event matters: its gravest change; without changes what the relay or a plugin says of it, or its type. */
function severityOfEvent(type: string | null, content: Content | null): Severity {
  if (content === null) return "warning";
  if (content.changes !== null) return gravest(content.changes.map((change) => severityOf(change)));
  const told = type?.startsWith("relay.") ? content.data["severity"] : undefined;
  return SEVERITIES.find((severity) => severity === told) ?? SEVERITY_OF_TYPE.get(type) ?? "info";
}

const SEVERITY_OF_TYPE = new Map<string | null, Severity>([
  ["cg.coin.listed", "notice"],
  ["cg.coin.exchange.added", "notice"],
  ["relay.contract.added", "notice"],
  ["relay.contract.removed", "warning"],
  ["relay.contract.migrated", "critical"],
  ["relay.contract.invalid", "critical"],
  ["relay.delivery.dead", "warning"],
  ["relay.link.suspicious", "critical"],
  ["relay.plugin.failing", "warning"],
  ["relay.source.rejecting", "critical"],
  ["relay.source.silent", "warning"],
]);

/** A delivery for listings. `mask` takes secrets out of errors. */
export function deliveryItem(
  delivery: Delivery,
  event: StoredEvent | null,
  mask: (text: string) => string,
): DeliveryItem {
  const { id, route, state, discarded, attempts, matched, error, replayOf } = delivery;
  return {
    id,
    route,
    state,
    discarded,
    attempts,
    matched,
    dueAt: iso(delivery.dueAt),
    createdAt: iso(delivery.createdAt),
    finishedAt: iso(delivery.finishedAt),
    error: error === null ? null : mask(error),
    replayOf,
    event: {
      seq: delivery.event,
      source: event?.source ?? "",
      id: event?.id ?? "",
      type: event?.type ?? null,
      coin: event?.coin ?? null,
    },
  };
}

/** A delivery with its attempts. */
export function deliveryWhole(
  delivery: Delivery,
  event: StoredEvent | null,
  attempts: readonly Attempt[],
  mask: (text: string) => string,
): DeliveryWhole {
  return {
    ...deliveryItem(delivery, event, mask),
    tries: attempts.map((attempt) => attemptItem(attempt, mask)),
  };
}

function attemptItem(
  { number, startedAt, durationMs, outcome, error, sent }: Attempt,
  mask: (text: string) => string,
): AttemptItem {
  return {
    number,
    startedAt: iso(startedAt),
    durationMs,
    outcome,
    error: error === null ? null : mask(error),
    sent: sent.map(({ what, status, body }) => ({ what: mask(what), status, body: mask(body) })),
  };
}

/** An event by itself, with all that is known of it. */
export function eventWhole(
  event: StoredEvent,
  deliveries: DeliveryWhole[],
  source: Pick<SourceConfig, "secrets"> | undefined,
): EventWhole {
  const content = understand(event.body);
  const understood = "notUnderstood" in content ? null : content;
  const { deliveries: _, ...item } = eventItem(event, understood, []);
  return {
    ...item,
    timestamp: event.timestamp,
    signature: { value: event.signature, valid: isStillValid(event, source?.secrets ?? []) },
    notUnderstood: "notUnderstood" in content ? content.notUnderstood : null,
    ...bodyOf(event.body),
    data: understood?.data ?? null,
    deliveries,
  };
}

function isStillValid(event: StoredEvent, secrets: readonly string[]): boolean | null {
  if (event.signature === "") return null;
  return isSignedBy(secrets.map(signingKey), event.signature, event.timestamp, event.id, event.body);
}

function bodyOf(bytes: Uint8Array): { body: string; bodyBase64: string | null } {
  try {
    return {
      body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
      bodyBase64: null,
    };
  } catch {
    return { body: new TextDecoder().decode(bytes), bodyBase64: bytes.toBase64() };
  }
}
