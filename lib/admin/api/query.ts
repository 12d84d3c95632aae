/** Reads what a request asks for, from its address or its body. @module */
import { z } from "zod";
import { nearOrAll } from "../../config/suggest.ts";
import { isoTime } from "../../iso_time.ts";
import { DELIVERY_STATES } from "../../nouns.ts";
import { fieldPatternMistake } from "../../pattern/field_pattern.ts";
import type { BulkQuery } from "../bulk.ts";
import { badRequest } from "../problem.ts";
import type { DeliveryQuery } from "../read/find_deliveries.ts";
import { type EventQuery, MAX_COINS } from "../read/find_events.ts";

/** Rows on a page, unless `limit` asks for another number. */
export const PAGE_ROWS = 50;
const MOST_ROWS = 500;

const list = z.string().transform((text) =>
  text.split(",").map((one) => one.trim()).filter((one) => one !== "")
);
const yes = z.enum(["1", "0", "true", "false"]).transform((text) => text === "1" || text === "true");
const A_TIME = "must be ISO 8601, or milliseconds since 1970";
const time = z.string().transform((text, context) => {
  const at = isoTime(text) ?? (/^\d+$/.test(text) ? Number(text) : NaN); // four digits are a year
  if (Number.isFinite(at)) return at;
  context.addIssue({ code: "custom", message: A_TIME });
  return z.NEVER;
});
const timeInBody = z.union([time, z.number()], { error: A_TIME });
const whole = z.string().regex(/^\d{1,15}$/, "must be a whole number").transform(Number);
const text = z.string().max(500);
/** As its source made it, of whatever length. */
const eventId = z.string();

const page = {
  limit: whole.pipe(z.number().min(1).max(MOST_ROWS)).default(PAGE_ROWS).describe(`1 to ${MOST_ROWS}`),
  cursor: whole.optional().describe("`next` of the page before"),
};

/** What narrows events. */
const eventFilters = {
  source: text.optional(),
  type: text.optional().describe("An event type, exactly"),
  coin: list.refine((ids) => ids.length <= MAX_COINS, `must name at most ${MAX_COINS} coins`).optional()
    .describe("Coin ids, separated by commas; any of them"),
  field: list.superRefine((patterns, context) => {
    for (const pattern of patterns) {
      const mistake = fieldPatternMistake(pattern);
      if (mistake !== null) context.addIssue({ code: "custom", message: `“${pattern}” ${mistake}` });
    }
  }).optional().describe("Field patterns as in a route, separated by commas"),
  changeType: text.optional().describe("addition, update or removal"),
  route: text.optional().describe("Has a delivery of this route"),
  q: text.optional().describe("Text in the raw body or the event id, whatever its case"),
  notUnderstood: yes.optional().describe("1: only bodies that were not understood"),
  test: yes.optional().describe("1: only test events; 0: none"),
  since: time.optional().describe("Received at or after"),
  until: time.optional().describe("Received before"),
};

/** `GET /api/events`. */
export const eventsParams = z.strictObject({
  ...eventFilters,
  ...page,
  after: whole.optional().describe("Events after this seq, oldest first"),
});

/** `GET /api/stream`. */
export const streamParams = z.strictObject({
  ...eventFilters,
  after: whole.optional().describe("Begin after this seq; default: with what comes from now on"),
});

const deliveryFilters = {
  state: list.pipe(z.array(z.enum(DELIVERY_STATES))).optional().describe(
    `${DELIVERY_STATES.join(", ")}; several separated by commas`,
  ),
  route: list.optional().describe("Routes, separated by commas"),
  coin: text.optional(),
  source: text.optional(),
  event: eventId.optional().describe("An event id"),
  since: time.optional().describe("Event received at or after"),
  until: time.optional().describe("Event received before"),
  discarded: yes.optional().describe("1: discarded dead letters too"),
};

/** `GET /api/deliveries`. */
export const deliveriesParams = z.strictObject({ ...deliveryFilters, ...page });

/** `GET /api/dead-letters`. */
export const deadLettersParams = deliveriesParams.omit({ state: true });

/** What names one event. */
export const eventParams = z.strictObject({
  source: z.string().optional().describe("Where several sources have this event id"),
});

/** What takes nothing, in its address or its body. */
export const nothing = z.strictObject({});

const bulkFilters = {
  route: z.array(text).min(1, "must name a route").optional(),
  coin: text.optional(),
  source: text.optional(),
  event: eventId.optional(),
  since: timeInBody.optional(),
  until: timeInBody.optional(),
};

const bulkChoice = {
  ...bulkFilters,
  ids: z.array(z.int()).min(1, "must name a delivery").max(10_000).optional().describe("These deliveries"),
  all: z.boolean().default(false).describe("true: all of them"),
  preview: z.boolean().default(false).describe("true: only count them"),
};

/** What bulk work is asked for. */
export type BulkChoice = z.output<z.ZodObject<typeof bulkChoice>> & { waiting?: boolean };

/** A forgotten filter must not mean all. */
function expectChoice(
  { ids, all, preview: _, waiting: __, ...filters }: BulkChoice,
  context: z.RefinementCtx,
) {
  const narrowed = Object.values(filters).some((value) => value !== undefined);
  const ways = [ids !== undefined, narrowed, all].filter(Boolean).length;
  const message = ways === 0
    ? `say which: "all": true for every one, or "ids", or ${Object.keys(bulkFilters).join(", ")}`
    : ways > 1
    ? '"ids", filters and "all" exclude each other'
    : null;
  if (message !== null) context.addIssue({ code: "custom", message });
}

/** The body of bulk work on dead letters: which of them. */
export const retryManyBody = z.strictObject(bulkChoice).superRefine(expectChoice);

/** The same, or what waits. */
export const discardManyBody = z.strictObject({
  ...bulkChoice,
  waiting: z.boolean().default(false).describe(
    "true: in place of dead letters, what waits for routes that are not in force",
  ),
}).superRefine(expectChoice);

/** `POST /api/replay`. */
export const replayBody = z.union([
  z.strictObject({ delivery: z.int().describe("Make this delivery again") }),
  z.strictObject({
    event: eventId.describe("The event id its source gave it, or seq:N"),
    source: text.optional(),
    route: text.describe("For this route; it gets the changes it matches, or all where it matches none"),
  }),
], { error: "give delivery, a whole number; or event and route, and source where two have that event" });

/** `POST /api/test-event`. */
export const testBody = z.strictObject({
  source: text.optional().describe("Default: the first"),
  sample: text.optional().describe("Name of a sample; default: the first"),
  body: z.union([z.string(), z.record(z.string(), z.unknown())], {
    error: "must be text or a JSON object",
  }).optional().describe(
    "A body of your own, as text or JSON, in place of a sample",
  ),
});

/** `POST /api/events/{id}/try`. */
export const tryBody = z.strictObject({ route: text });

/** `POST /api/routes/{name}`. */
export const switchBody = z.strictObject({ on: z.boolean() });

/**
 * Checks what was given.
 *
 * @throws {Refused} with 400, naming each mistake.
 */
export function check<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : null;
  const mistakes = parsed.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownName(key, known));
    const place = issue.path.join(".");
    return [place === "" ? issue.message : `${place}: ${issue.message}`];
  });
  throw badRequest(mistakes.join("; ").replace(/[^?]$/, "$&."));
}

/** What nobody looks at must not pass for a filter. */
function unknownName(name: string, known: readonly string[] | null): string {
  const problem = `“${name}” is not known here`;
  if (known === null) return problem;
  if (known.length === 0) return `${problem}: nothing is taken here`;
  return `${problem}: ${nearOrAll(name, known)}`;
}

/** The deliveries that bulk work is for. */
export function bulkQuery(given: BulkChoice): BulkQuery {
  const { route: routes, event: eventId, ids, all: _, preview: __, waiting = false, ...same } = given;
  return ids === undefined ? { routes, eventId, waiting, ...same } : { ids, waiting };
}

/**
 * The parameters of an address. Empty ones count as not given, as an empty field of a form leaves them.
 *
 * @throws {Refused} with 400 where one is given twice: one of the two would be lost.
 */
export function paramsOf(url: URL): Record<string, string> {
  const given = [...url.searchParams].filter(([, value]) => value !== "");
  const twice = given.find(([name], i) => given.findIndex(([before]) => before === name) < i);
  if (twice === undefined) return Object.fromEntries(given);
  throw badRequest(
    `${twice[0]} is given twice: where several values are taken, write them in one, separated by commas.`,
  );
}

type EventFilters = Omit<z.output<typeof streamParams>, "after">;

/** The filters as the search takes them. */
export function eventQuery(given: EventFilters): EventQuery {
  const { coin: coins, field: fields, q: text, ...same } = given;
  return { coins, fields, text, ...same };
}

/** The filters as the search takes them. */
export function deliveryQuery(given: z.output<typeof deliveriesParams>): DeliveryQuery {
  const { state: states, route: routes, event: eventId, limit: _, cursor: __, ...same } = given;
  return { states, routes, eventId, ...same };
}
