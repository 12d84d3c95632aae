/**
 * The answers of the JSON API, each as a schema: types, the OpenAPI file and the test that holds the file against real
 * answers all come from here.
 *
 * @module
 */
import { z } from "zod";
import { CHANGE_TYPES, DELIVERY_STATES } from "../../nouns.ts";
import { REFUSED_BECAUSE } from "../../receive/ledger.ts";
import { SEVERITIES } from "../../plugin/severity.ts";

const time = z.iso.datetime().describe("ISO 8601, UTC");
const maybeTime = time.nullable();
const count = z.int().min(0);
/** Any JSON value; a recursive schema would say no more. */
const anyJson = z.unknown();
const state = z.enum(DELIVERY_STATES);

/** How far a delivery is, beside its event. */
const miniDelivery = z.strictObject({
  id: z.int(),
  route: z.string(),
  state,
  attempts: count,
  discarded: z.boolean(),
});

const change = z.looseObject({
  field: z.string(),
  change_type: z.string().describe(
    `One of ${CHANGE_TYPES.join(", ")}; or one that the provider adds one day`,
  ),
  old_value: anyJson.optional(),
  new_value: anyJson.optional(),
}).describe("As the provider sent it");

/** An event in a listing and in the stream. */
export const eventItem = z.strictObject({
  seq: z.int().describe("Counts up in the order of storing"),
  source: z.string(),
  id: z.string().describe("The event id its source gave it"),
  type: z.string().nullable().describe("null: the body was not understood"),
  receivedAt: time,
  coin: z.strictObject({ id: z.string(), symbol: z.string(), name: z.string() }).nullable(),
  changes: z.array(change).nullable().describe("null for events that carry none"),
  data: anyJson.describe("The payload's data, where it has no changes; null otherwise"),
  severity: z.enum(SEVERITIES),
  test: z.boolean(),
  depth: count.describe("How many emits lie between it and a received event"),
  deliveries: z.array(miniDelivery),
});

/** One try of a delivery. */
export const attemptItem = z.strictObject({
  number: z.int(),
  startedAt: time,
  durationMs: z.number().nullable(),
  outcome: z.enum(["done", "retry", "permanent", "timeout", "crashed", "interrupted"]),
  error: z.string().nullable(),
  sent: z.array(z.strictObject({
    what: z.string().describe("Such as `POST https://hooks.slack.com/•••`"),
    status: z.int().nullable().describe("What was answered; null: nothing was, or it was no request"),
    body: z.string().describe("How its body begins"),
  })).describe("What it sent, as its plugin's process tells, with secrets masked"),
});

/** A delivery in a listing. */
export const deliveryItem = z.strictObject({
  id: z.int(),
  route: z.string(),
  state,
  discarded: z.boolean(),
  attempts: count,
  matched: z.array(z.int()).nullable().describe(
    "Indexes of the changes its route took; null: the event whole",
  ),
  dueAt: time,
  createdAt: time,
  finishedAt: maybeTime,
  error: z.string().nullable().describe("What the last failed attempt said"),
  replayOf: z.int().nullable(),
  event: z.strictObject({
    seq: z.int(),
    source: z.string(),
    id: z.string(),
    type: z.string().nullable(),
    coin: z.string().nullable(),
  }),
});

/** A delivery by itself. */
export const deliveryWhole = deliveryItem.extend({ tries: z.array(attemptItem) });

/** An event by itself. */
export const eventWhole = eventItem.omit({ deliveries: true }).extend({
  timestamp: z.string().describe("The signed timestamp as sent; empty for events that were not received"),
  signature: z.strictObject({
    value: z.string(),
    valid: z.boolean().nullable().describe(
      "Whether it is right under the source's present secrets; null where nothing is signed",
    ),
  }),
  notUnderstood: z.string().nullable(),
  body: z.string().describe("The raw body as text"),
  bodyBase64: z.string().nullable().describe(
    "The raw body, where it is not UTF-8; null where `body` is exact",
  ),
  data: anyJson.describe("The payload's data without its changes; null where it was not understood"),
  deliveries: z.array(deliveryWhole),
});

/** A page of a listing. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().nullable().describe(
      "Give it as `cursor` for the next page; null: that was all. A page may hold few items or none and yet have a " +
        "next one, where a filter took long to look through",
    ),
  });

const failing = z.strictObject({
  since: time,
  refusals: count,
  tries: count.describe("How often the event that was tried most was refused"),
  triesAllowed: z.int().describe("After so many the provider disables the webhook"),
  eventId: z.string().nullable(),
  reason: z.enum(REFUSED_BECAUSE).describe("Why the last one was refused"),
  authentic: z.boolean().describe("Whether one of them was rightly signed"),
  disabledAt: time.describe(
    "When the provider has tried the oldest for so long that it disables the webhook",
  ),
  gaveUp: z.boolean().describe("Whether that has come to pass, and nothing was taken since"),
  goesOn: z.boolean().describe("Whether nothing was taken since the last refusal"),
});

/** A source and what it received since the relay started. */
export const sourceItem = z.strictObject({
  name: z.string(),
  path: z.string().nullable().describe("null for the relay's own events"),
  since: time.describe("When the relay began to count"),
  lastEventAt: maybeTime,
  accepted: count,
  duplicate: count,
  rejected: z.record(z.enum(REFUSED_BECAUSE), count),
  notUnderstood: count,
  credits: z.number().describe("API credits that the accepted events cost; tests cost none"),
  creditsPerEvent: z.number(),
  silentMinutes: z.number().nullable().describe("The limit of the config; null: none"),
  silent: z.boolean(),
  failing: failing.nullable(),
  day: z.array(
    z.strictObject({
      at: time,
      accepted: count,
      duplicate: count,
      rejected: count,
      reasons: z.partialRecord(z.enum(REFUSED_BECAUSE), count).describe(
        "The rejected by reason, without zeros",
      ),
    }),
  ).describe("The last 24 hours in steps of 15 minutes"),
});

/** A refused delivery, explained. */
export const refusalItem = z.strictObject({
  id: z.int(),
  source: z.string(),
  at: time,
  reason: z.enum(REFUSED_BECAUSE),
  authentic: z.boolean(),
  headers: z.strictObject({ timestamp: z.string(), id: z.string(), signature: z.string() }),
  bodyBytes: count,
  signedText: z.string().describe("The beginning of the text that the signature is over"),
  ageSeconds: z.number().nullable(),
  step: z.string().describe("The step that failed"),
  cause: z.string(),
  remedy: z.string(),
});

/** A route in force. */
export const routeItem = z.strictObject({
  name: z.string(),
  plugin: z.string(),
  on: z.boolean().describe("false: a person turned it off until the config changes"),
  configured: z.boolean().describe("false: it is there because its plugin's file is"),
  mistakes: z.array(z.strictObject({ path: z.string(), message: z.string() })).describe(
    "What keeps it from running; its deliveries wait",
  ),
  filters: z.record(z.string(), anyJson),
  scheduled: z.boolean().describe("Whether its deliveries wait for a digest or for the end of quiet hours"),
  order: z.enum(["any", "coin"]),
  concurrency: z.int(),
  timeoutMs: z.number(),
  counts: z.record(state, count),
  running: count.describe("In this process"),
  oldestWaitingAt: maybeTime,
});

/** A plugin. */
export const pluginItem = z.strictObject({
  name: z.string(),
  file: z.string().describe("Relative to the plugins folder"),
  description: z.string().nullable(),
  version: z.string().nullable().describe("Changes when its source does"),
  usable: z.boolean().describe("Whether there is a version that runs; with an error, the one before it"),
  error: z.strictObject({
    stage: z.enum(["find", "import", "check", "types", "options"]),
    message: z.string(),
    file: z.string().nullable(),
    line: z.int().nullable(),
  }).nullable().describe("What is wrong with the file that is in the folder now"),
  state: z.enum(["idle", "starting", "running", "waiting", "broken"]),
  waitsUntil: maybeTime.describe("When one that keeps dying is started again"),
  running: count,
  deaths: count.describe("Times its process died"),
  memoryBytes: count,
  lastError: z.string().nullable(),
  allowed: z.array(
    z.strictObject({ kind: z.string(), target: z.string(), route: z.string(), why: z.string() }),
  ),
  refused: z.array(
    z.strictObject({
      kind: z.string(),
      target: z.string(),
      route: z.string().nullable(),
      count,
      lastAt: time,
      remedy: z.string().nullable().describe("What in the route's config would allow it"),
    }),
  ),
  routes: z.array(z.string()),
});

/** How the relay is, at a glance. */
export const overview = z.strictObject({
  at: time,
  health: z.enum(["good", "warning", "bad"]),
  problems: z.array(
    z.strictObject({ level: z.enum(["warning", "bad"]), text: z.string(), page: z.string() }),
  ),
  lastEventAt: maybeTime,
  perMinute: z.number().describe("New events in the last minute"),
  waiting: count,
  running: count,
  dead: count,
  oldestWaitingAt: maybeTime,
});

/** Work on many deliveries. */
export const job = z.strictObject({
  id: z.string(),
  action: z.enum(["retry", "discard"]),
  total: count,
  done: count,
  state: z.enum(["running", "finished", "failed"]),
  error: z.string().nullable(),
});

/** An error: RFC 9457. */
export const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  reason: z.string(),
  detail: z.string(),
});

/** How many a filter takes. */
export const preview = z.strictObject({
  count,
  exact: z.boolean().describe("false: there are at least so many"),
});

/** What a test event came to. */
export const testAnswer = z.strictObject({
  id: z.string(),
  source: z.string(),
  status: z.int().describe("What the public listener answered"),
  answer: anyJson,
  seq: z.int().nullable(),
});

export const changed = z.strictObject({ changed: count });
export const replayed = z.strictObject({ deliveries: z.array(z.int()) });
export const kvItems = z.strictObject({
  items: z.array(z.strictObject({ key: z.string(), value: z.string().describe("JSON text") })),
});
export const dryRun = z.strictObject({
  outcome: z.enum(["done", "failed"]),
  error: z.string().nullable(),
  lines: z.array(z.string()),
});

export type EventItem = z.infer<typeof eventItem>;
export type EventWhole = z.infer<typeof eventWhole>;
export type DeliveryItem = z.infer<typeof deliveryItem>;
export type DeliveryWhole = z.infer<typeof deliveryWhole>;
export type AttemptItem = z.infer<typeof attemptItem>;
export type SourceItem = z.infer<typeof sourceItem>;
export type RefusalItem = z.infer<typeof refusalItem>;
export type RouteItem = z.infer<typeof routeItem>;
export type PluginItem = z.infer<typeof pluginItem>;
export type Overview = z.infer<typeof overview>;
export type BulkJob = z.infer<typeof job>;
export type Page<Item> = { items: Item[]; next: string | null };
