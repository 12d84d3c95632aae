/**
 * The shape of config.json: one source for types, validation and `config.schema.json`. Every key says what it means,
 * in which unit, and what holds without it, so that an editor can.
 *
 * @module
 */
import { z } from "zod";
import * as rules from "./rules.ts";

/** Not `z.int()`: after a number that is not whole zod leaves out the rules on parts that must agree. */
const whole = z.number().superRefine(rules.wholeNumber).meta({ type: "integer" });
const port = whole.min(0).max(65535);
const seconds = z.number().positive();
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const scalars = z.array(scalar).min(1);

const server = z.strictObject({
  hostname: z.string().min(1).superRefine(rules.listenHostname).default("0.0.0.0").describe(
    "Address to receive the provider's webhooks on. Default: 0.0.0.0, every address of this machine",
  ),
  port: port.default(8080).describe("Port to receive webhooks on; 0 lets the system choose. Default: 8080"),
  maxBodyBytes: whole.min(1024).max(64 * 1024 * 1024).default(1048576).describe(
    "A longer body is answered 413. In bytes; default: 1048576 (1 MiB)",
  ),
  bodyTimeoutSeconds: seconds.max(300).default(10).describe(
    "A body that takes longer to arrive is answered 408. In seconds; default: 10",
  ),
}).describe("The public listener: the sources' paths and /healthz, nothing else");

const admin = z.strictObject({
  hostname: z.string().min(1).superRefine(rules.listenHostname).default("127.0.0.1").describe(
    "Address of the dashboard. Anything but a loopback address needs a token. Default: 127.0.0.1",
  ),
  port: port.default(8081).describe("Port of the dashboard; 0 lets the system choose. Default: 8081"),
  token: z.string().min(1).superRefine(rules.notPlaceholder).optional().describe(
    "Signs in to the dashboard and the API, with every right. Best from the environment: ${ADMIN_TOKEN}",
  ),
  readToken: z.string().min(1).superRefine(rules.notPlaceholder).optional().describe(
    "A second token, which may look and change nothing",
  ),
}).describe("The admin listener: dashboard, API, /metrics and /readyz");

const source = z.strictObject({
  name: z.string().regex(/^[a-z0-9_-]+$/i, "may hold only letters, digits, - and _").describe(
    "Name of the source, as logs, pages and metrics show it",
  ),
  path: z.string().superRefine(rules.sourcePath).default("/webhook").describe(
    "Path of the URL that the provider is given. A trailing slash makes no difference. Default: /webhook",
  ),
  secrets: z.array(z.string().min(1).superRefine(rules.notPlaceholder)).min(1).describe(
    "Signing secrets, whole, with their whsec_ prefix. Several while one is being rotated; each is accepted",
  ),
  maxAgeSeconds: seconds.default(300).describe(
    "A delivery whose signed timestamp is older is answered 401. In seconds; default: 300",
  ),
  creditsPerEvent: z.number().min(0).optional().describe(
    "API credits that the provider charges for each new event, for the dashboard to add up. Default: 10",
  ),
  silentMinutes: z.number().positive().optional().describe(
    "After nothing for so many minutes the relay emits relay.source.silent. Default: never",
  ),
});

const attempts = whole.min(1).max(1000);

const retry = z.strictObject({
  maxAttempts: attempts.default(10).describe(
    "Attempts in all; after the last the delivery is a dead letter. Default: 10, which with the default delays come " +
      "within 17 minutes at most; 12 within 68 minutes, 20 within 9 hours, 36 within 25 hours",
  ),
  minDelaySeconds: seconds.default(2).describe(
    "Upper bound of the first wait; it doubles with each attempt, and the wait is drawn below it. In seconds; default: 2",
  ),
  maxDelaySeconds: seconds.default(3600).describe(
    "No wait is drawn above this. In seconds; default: 3600",
  ),
}).superRefine(rules.delaysInOrder, rules.evenIfIncomplete);

/** No defaults here: what a route leaves open, the global retry says. */
const routeRetry = z.strictObject({
  maxAttempts: attempts.optional().describe(
    "Attempts in all. Default: as in the global retry. With the default delays 10 come within 17 minutes at most, 12 " +
      "within 68 minutes, 20 within 9 hours, 36 within 25 hours",
  ),
  minDelaySeconds: seconds.optional().describe(
    "Upper bound of the first wait. In seconds; default: as in the global retry",
  ),
  maxDelaySeconds: seconds.optional().describe("Longest wait. In seconds; default: as in the global retry"),
});

const condition = z.union([
  scalar,
  scalars,
  z.strictObject({
    gt: z.number().optional().describe("Greater than"),
    gte: z.number().optional().describe("Greater than or equal to"),
    lt: z.number().optional().describe("Less than"),
    lte: z.number().optional().describe("Less than or equal to"),
    not: z.union([scalar, scalars]).optional().describe("None of these"),
  }),
]);

/** The filters that a route, or a plugin as its default, may have. */
export const filters = {
  fields: z.array(z.string().superRefine(rules.fieldPattern)).min(1).optional()
    .describe(
      'Field patterns, such as "links.*", "platforms.ethereum" or "!links.twitter_screen_name". Without them the route ' +
        "takes the event whole, unless the plugin declares its own",
    ),
  changeTypes: z.array(z.enum(["addition", "update", "removal"])).min(1).optional().describe(
    "How a field must have changed. Default: all three",
  ),
  coins: z.array(z.string().superRefine(rules.coinPattern)).min(1).optional().describe(
    'Coin ids, or patterns such as "wrapped-*". Default: all',
  ),
  events: z.array(z.string().superRefine(rules.eventPattern)).min(1).optional().describe(
    'Event types, or patterns such as "cg.coin.*". Default: all',
  ),
  where: z.record(z.string().superRefine(rules.wherePath), condition).optional().describe(
    'Narrows by value: a path into the event ("coin.…", "data.…", "change.old_value", "change.new_value") to a ' +
      'pattern, a list of them, or {"gt": 100}, gte, lt, lte, not. All of it must hold; a missing path never does',
  ),
};

const names = z.array(z.string().min(1));

const allow = z.strictObject({
  net: names.optional().describe(
    'Hosts the plugin may reach beyond those its options name: "api.example.com", "host:8443", or "*" for any public host',
  ),
  read: names.optional().describe("Files and folders the plugin may read, relative to config.json"),
  write: names.optional().describe(
    "Files and folders the plugin may write, and read, relative to config.json",
  ),
  env: names.optional().describe("Environment variables the plugin may read"),
  sys: names.optional().describe('System information the plugin may ask for, such as "hostname"'),
});

const DIGEST = /^([1-9]\d{0,3}[mh]|daily ([01]\d|2[0-3]):[0-5]\d)$/;
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, such as "08:00"');

const route = z.strictObject({
  name: z.string().regex(/^[a-z0-9_.-]+$/i, "may hold only letters, digits, . - and _").describe(
    "Name of the route, as logs, pages and metrics show it. Keep it: waiting deliveries belong to it",
  ),
  plugin: z.string().min(1).describe('File name, without .ts, of a plugin in pluginsDir, such as "slack"'),
  disabled: z.boolean().optional().describe("true turns the route off. Default: false"),
  ...filters,
  options: z.record(z.string(), z.json()).optional().describe(
    "What the plugin asks for; `deno task check` tells what is missing. The hosts of URLs in here may be reached",
  ),
  allow: allow.optional().describe("What the plugin may reach beyond the hosts that its options name"),
  concurrency: whole.min(1).max(1000).default(8).describe(
    "Deliveries of this route that may run at a time. Default: 8",
  ),
  timeoutSeconds: seconds.max(3600).default(30).describe(
    "An attempt that takes longer is aborted and counts as failed. In seconds; default: 30",
  ),
  rateLimit: z.string().regex(/^[1-9]\d*\/(s|m|h)$/, 'must look like "1/s", "30/m" or "100/h"').optional()
    .describe(
      'At most so many attempts, by all relays together: "1/s", "30/m", "100/h". Not with digest. Default: no limit',
    ),
  digest: z.string().regex(DIGEST, 'must look like "15m", "2h" or "daily 08:00"').optional().describe(
    'Gathers events and sends those of a window as one, at its end: "15m", "2h" or "daily 08:00". Goes with ' +
      'neither rateLimit nor "order": "coin". Default: each at once',
  ),
  quietHours: z.strictObject({
    from: timeOfDay.describe('When they begin, such as "22:00"'),
    to: timeOfDay.describe('When they end, such as "07:00"; may lie on the next day'),
    except: z.strictObject({
      ...filters,
      fields: filters.fields.describe('Field patterns of what goes out all the same, such as "platforms.*"'),
    }).optional().describe("What goes out all the same. Default: nothing"),
  }).optional().describe(
    "Hours in which nothing is sent; what comes in them waits for their end, and so does what failed before",
  ),
  timeZone: z.string().superRefine(rules.timeZone).optional().describe(
    'Zone of the times of day, such as "Europe/Berlin". Default: the server\'s own',
  ),
  order: z.enum(["any", "coin"]).default("any").describe(
    "coin: the deliveries of one coin strictly one after the other, as received; not with digest. Default: any",
  ),
  retry: routeRetry.optional().describe(
    "Takes the place of parts of the global retry",
  ),
});

/** config.json. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe("Where the editor finds this schema: ./config.schema.json"),
  server: server.prefault({}),
  admin: admin.prefault({}),
  store: z.string().superRefine(rules.storeUrl).default("sqlite:./data/relay.db").describe(
    'Where events are kept: "sqlite:FILE", relative to config.json, or "postgres://user:password@host/database". ' +
      "Default: sqlite:./data/relay.db",
  ),
  pluginsDir: z.string().min(1).default("./plugins").describe(
    "Folder of the plugins, relative to config.json. Default: ./plugins",
  ),
  sources: z.array(source).min(1).describe("Where events come from: each a path with its secrets"),
  retry: retry.prefault({}).describe(
    "How failed deliveries are tried again: exponential backoff with full jitter",
  ),
  retention: z.strictObject({
    days: z.number().positive().default(30).describe(
      "Finished events are deleted after so many days. Default: 30",
    ),
  }).prefault({}).describe("How long events are kept. Waiting deliveries and dead letters are never deleted"),
  routes: z.array(route).default([]).describe(
    "Which events and changes go to which plugin, with which options",
  ),
}).superRefine(rules.partsAgree, rules.evenIfIncomplete);

/** A valid config with every default filled in. Paths are as written, relative to the config's folder. */
export type Config = z.infer<typeof configSchema>;
/** One of {@linkcode Config.sources}. */
export type SourceConfig = Config["sources"][number];
/** One of {@linkcode Config.routes}. */
export type RouteConfig = Config["routes"][number];
/** What a route grants its plugin. */
export type Allow = NonNullable<RouteConfig["allow"]>;
/** The filters of a route. */
export type Filters = Pick<RouteConfig, keyof typeof filters>;
/** One condition of a route's `where`. */
export type Condition = NonNullable<RouteConfig["where"]>[string];
