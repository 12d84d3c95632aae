/** The shape of config.json: one source for types, validation and `config.schema.json`. @module */
import { z } from "zod";

const hostname = z.string().min(1);
const port = z.int().min(0).max(65535);

const server = z.strictObject({
  hostname: hostname.default("0.0.0.0").describe("Address that the provider's webhooks are received on"),
  port: port.default(8080),
  maxBodyBytes: z.int().min(1024).default(1048576).describe("A longer body is answered 413"),
  bodyTimeoutSeconds: z.number().positive().default(10).describe("A body that takes longer is answered 408"),
});

const admin = z.strictObject({
  hostname: hostname.default("127.0.0.1").describe("Needs a token unless it is a loopback address"),
  port: port.default(8081),
  token: z.string().min(1).optional().describe("Signs in to the dashboard and the API"),
  readToken: z.string().min(1).optional().describe("A second token that may look and not change"),
});

const source = z.strictObject({
  name: z.string().regex(/^[a-z0-9_-]+$/i),
  path: z.string().regex(/^\//, "must begin with /").default("/webhook"),
  secrets: z.array(z.string().min(1)).min(1).describe("Signing secrets; several while one is being rotated"),
  maxAgeSeconds: z.number().positive().default(300).describe("An older timestamp is answered 401"),
  silentMinutes: z.number().positive().optional().describe(
    "Emit relay.source.silent after nothing for this long",
  ),
});

const retry = z.strictObject({
  maxAttempts: z.int().min(1).default(10),
  minDelaySeconds: z.number().positive().default(2),
  maxDelaySeconds: z.number().positive().default(3600),
});

/** A value pattern, a list of them, or a comparison. */
const condition = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1),
  z.strictObject({
    gt: z.number().optional(),
    gte: z.number().optional(),
    lt: z.number().optional(),
    lte: z.number().optional(),
    not: z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.null(),
      z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1),
    ]).optional(),
  }),
]);

const patterns = z.array(z.string().min(1)).min(1);

/** The filters that a route, or a plugin as its default, may have. */
export const filters = {
  fields: patterns.optional().describe("Field patterns; without them the route takes the event whole"),
  changeTypes: z.array(z.enum(["addition", "update", "removal"])).min(1).optional(),
  coins: patterns.optional().describe("Coin ids or patterns; default: all"),
  events: patterns.optional().describe("Event types or patterns; default: all"),
  where: z.record(z.string(), condition).optional().describe("Narrows by value; all of it must hold"),
};

const allow = z.strictObject({
  net: z.array(z.string().min(1)).optional().describe('Hosts, host:port, or "*" for any public host'),
  read: z.array(z.string().min(1)).optional(),
  write: z.array(z.string().min(1)).optional(),
  env: z.array(z.string().min(1)).optional(),
  sys: z.array(z.string().min(1)).optional(),
});

const route = z.strictObject({
  name: z.string().regex(/^[a-z0-9_.-]+$/i),
  plugin: z.string().min(1),
  disabled: z.boolean().optional(),
  ...filters,
  options: z.record(z.string(), z.json()).optional().describe("What the plugin asks for"),
  allow: allow.optional().describe("What the plugin may reach beyond the hosts that its options name"),
  concurrency: z.int().min(1).max(1000).default(8).describe("Deliveries running at a time"),
  timeoutSeconds: z.number().positive().max(3600).default(30).describe(
    "An attempt that takes longer is aborted",
  ),
  rateLimit: z.string().regex(/^\d+\/(s|m|h)$/, 'must look like "1/s", "30/m" or "100/h"').optional(),
  order: z.enum(["any", "coin"]).default("any").describe("coin: a coin's deliveries strictly as received"),
  retry: retry.partial().optional().describe("Overrides the global retry"),
});

/** config.json. */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  server: server.prefault({}),
  admin: admin.prefault({}),
  store: z.string().default("sqlite:./data/relay.db").describe('"sqlite:FILE" or "postgres://…"'),
  pluginsDir: z.string().default("./plugins"),
  sources: z.array(source).min(1),
  retry: retry.prefault({}),
  retention: z.strictObject({ days: z.number().positive().default(30) }).prefault({}),
  routes: z.array(route).default([]),
});

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
