/** The routes that are in force: those of config.json, filled up from their plugins' own defaults. @module */
import { isPublicHost } from "../config/public_host.ts";
import type { Allow, Config, Filters, RouteConfig } from "../config/schema.ts";
import type { JsonObject } from "../nouns.ts";
import type { Rate } from "../store/contract.ts";
import { parseDigest, type Schedule } from "./schedule.ts";

/** What routing needs to know of a plugin. */
export interface PluginDefaults {
  name: string;
  /** The filters that the plugin declares. */
  filters: Filters;
  /** Whether it cannot run without options. */
  needsOptions: boolean;
  /** JSON Schema of its options; null or absent when there is none. */
  optionsSchema?: JsonObject | null;
}

/** The limits of retrying. */
export interface RetryPolicy {
  /** Attempts in all, the first included. After the last the delivery is dead. */
  maxAttempts: number;
  /** Upper bound of the first wait, in milliseconds; it doubles from attempt to attempt. */
  minDelayMs: number;
  /** Upper bound of every wait that we choose, in milliseconds. */
  maxDelayMs: number;
}

/** A route with nothing left open. */
export interface Route {
  name: string;
  plugin: string;
  filters: Filters;
  /** With what {@linkcode withDefaults} adds: what a route grants shows in them. */
  options: NonNullable<RouteConfig["options"]>;
  allow: Allow;
  concurrency: number;
  timeoutMs: number;
  order: "any" | "coin";
  /** At most so many deliveries; null: no limit. */
  rate: Rate | null;
  retry: RetryPolicy;
  /** When its deliveries are made. */
  schedule: Schedule;
  /** What goes out in its quiet hours all the same; null: nothing. */
  urgent: Filters | null;
  /** Whether config.json names it; otherwise it is there because its plugin's file is. */
  configured: boolean;
}

const RATE_UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Resolves the routes. A plugin that needs no options and declares `fields` gets a route of its own name, unless
 * config.json has a route that names it or has its name (a disabled one too). No two routes have one name. A route's own
 * filters replace the plugin's, each by itself.
 */
export function resolveRoutes(
  config: Pick<Config, "routes" | "retry">,
  plugins: readonly PluginDefaults[],
): Route[] {
  const named = new Set(config.routes.flatMap((route) => [route.name, route.plugin]));
  const defaults = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const own = [...defaults.values()].filter((plugin) =>
    !named.has(plugin.name) && !plugin.needsOptions && plugin.filters.fields !== undefined
  );
  return [
    ...config.routes.filter((route) => !route.disabled).map((route) =>
      resolve(
        { ...route, options: withDefaults(route.options ?? {}, defaults.get(route.plugin)) },
        defaults.get(route.plugin)?.filters,
        config.retry,
        true,
      )
    ),
    ...own.map((plugin) =>
      resolve({ ...ROUTE_DEFAULTS, ...identity(plugin) }, plugin.filters, config.retry, false)
    ),
  ];
}

/** What holds for a route that config.json does not have: as the schema's own defaults. */
export const ROUTE_DEFAULTS = { concurrency: 8, timeoutSeconds: 30, order: "any" } as const;

const identity = ({ name }: PluginDefaults) => ({ name, plugin: name });

function resolve(
  route: RouteConfig,
  defaults: Filters = {},
  retry: Config["retry"],
  configured: boolean,
): Route {
  const { fields, changeTypes, coins, events, where, quietHours } = route;
  const own = withoutUndefined({ fields, changeTypes, coins, events, where }) as Filters;
  const limits = { ...retry, ...withoutUndefined(route.retry ?? {}) };
  return {
    name: route.name,
    plugin: route.plugin,
    filters: { ...defaults, ...own },
    options: route.options ?? {},
    allow: route.allow ?? {},
    concurrency: route.concurrency,
    timeoutMs: route.timeoutSeconds * 1000,
    order: route.order,
    rate: route.rateLimit === undefined ? null : parseRate(route.rateLimit),
    retry: {
      maxAttempts: limits.maxAttempts,
      minDelayMs: limits.minDelaySeconds * 1000,
      maxDelayMs: limits.maxDelaySeconds * 1000,
    },
    schedule: {
      digest: route.digest === undefined ? null : parseDigest(route.digest),
      quietHours: quietHours === undefined ? null : { from: quietHours.from, to: quietHours.to },
      timeZone: route.timeZone ?? Temporal.Now.timeZoneId(),
    },
    urgent: quietHours?.except === undefined ? null : withoutUndefined(quietHours.except) as Filters,
    configured,
  };
}

/**
 * The options of a route of config.json, with the texts that its plugin's schema has by default. So a default URL, such
 * as the address of a public API, is granted like one that stands there. One that leads to this machine or into its
 * network is left out: the schema fills it in all the same, but nobody has granted it. A plugin that runs without such a
 * route is granted nothing.
 */
export function withDefaults(
  options: JsonObject,
  plugin: Pick<PluginDefaults, "optionsSchema"> | undefined,
): JsonObject {
  const properties = Object.entries(
    (plugin?.optionsSchema?.["properties"] ?? {}) as Record<string, JsonObject>,
  );
  const texts = properties.flatMap(([name, { default: text }]) =>
    typeof text === "string" && !leadsInside(text) ? [[name, text]] : []
  );
  return { ...Object.fromEntries(texts), ...options };
}

function leadsInside(text: string): boolean {
  const host = URL.parse(text.trim())?.host ?? "";
  return host !== "" && !isPublicHost(host);
}

/** Reads `"1/s"`, `"30/m"`, `"100/h"`; the config's schema has checked the form. */
function parseRate(text: string): Rate {
  const [count = "1", unit = "s"] = text.split("/");
  return { count: Number(count), perMs: RATE_UNIT_MS[unit] ?? 1000 };
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
