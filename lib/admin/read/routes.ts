/** Routes and plugins, as the API and the pages show them. @module */
import { maskDeep } from "../../config/mask.ts";
import type { KvEntry, RouteCount } from "../../store/contract.ts";
import type { PluginItem, RouteItem } from "../api/shapes.ts";
import type { DeliveryState } from "../../nouns.ts";
import type { AdminParts, Standing } from "../parts.ts";
import { iso } from "./views.ts";

/** Every route in force. `mask` takes secrets out of what they take, and of what is wrong with them. */
export function routeItems(
  { routes }: Pick<AdminParts, "routes">,
  counts: readonly RouteCount[],
  { mistakes, running, off }: Standing,
  mask: (text: string) => string,
): RouteItem[] {
  return routes().map((route) => {
    const own = counts.filter((one) => one.route === route.name);
    const waiting = own.filter(({ state }) => state === "pending" || state === "running");
    const of = (state: string) => own.find((one) => one.state === state)?.count ?? 0;
    return {
      name: route.name,
      plugin: route.plugin,
      on: !off.has(route.name),
      configured: route.configured,
      mistakes: mistakes.filter((mistake) => mistake.route === route.name)
        .map(({ path, message }) => ({ path, message: mask(message) })),
      filters: maskDeep({ ...route.filters }, mask, (key) => key),
      scheduled: route.schedule.digest !== null || route.schedule.quietHours !== null,
      order: route.order,
      concurrency: route.concurrency,
      timeoutMs: route.timeoutMs,
      counts: { pending: of("pending"), running: of("running"), done: of("done"), dead: of("dead") },
      running: running.get(route.name) ?? 0,
      oldestWaitingAt: iso(waiting.length === 0 ? null : Math.min(...waiting.map(({ oldest }) => oldest))),
    };
  });
}

/** What a route remembers, as its plugin wrote it, less what `mask` takes out. */
export function kvItems(entries: readonly KvEntry[], mask: (text: string) => string): KvEntry[] {
  return entries.map(({ key, value }) => ({ key: mask(key), value: mask(value) }));
}

/** Deliveries of a route that is not in force. */
export interface LeftBehind {
  /** Name of the route. */
  route: string;
  /** Those that wait for it. */
  waiting: number;
  running: number;
  done: number;
  dead: number;
}

/** Whether a route of this name takes events. */
export function isInForce({ routes }: Pick<AdminParts, "routes">, route: string): boolean {
  return routes().some(({ name }) => name === route);
}

/** Why nothing that waits for a route is delivered, in a word. */
export type Held = "not in force" | "off" | "cannot run";

/** Why nothing that waits for the route of this name is delivered; null: it is. */
export function heldBy(routes: readonly RouteItem[], name: string): Held | null {
  const route = routes.find((one) => one.name === name);
  if (route === undefined) return "not in force";
  return route.mistakes.length > 0 ? "cannot run" : route.on ? null : "off";
}

/**
 * What is left of routes that are not in force, where somebody may have to decide about it: of a plugin that was taken
 * away, renamed or turned off, say.
 */
export function leftBehind(
  { routes }: Pick<AdminParts, "routes">,
  counts: readonly RouteCount[],
): LeftBehind[] {
  const inForce = new Set(routes().map(({ name }) => name));
  const left = counts.filter(({ route, count }) => !inForce.has(route) && count > 0);
  return [...Map.groupBy(left, ({ route }) => route)].map(([route, own]) => {
    const of = (wanted: DeliveryState) => own.find(({ state }) => state === wanted)?.count ?? 0;
    return { route, waiting: of("pending"), running: of("running"), done: of("done"), dead: of("dead") };
  }).filter(({ waiting, running, dead }) => waiting + running + dead > 0);
}

/** Every plugin in the folder. `mask` takes secrets out of errors and of what it may reach. */
export function pluginItems(
  parts: Pick<AdminParts, "routes">,
  { plugins }: Pick<Standing, "plugins">,
  mask: (text: string) => string,
): PluginItem[] {
  const status = new Map(plugins.status.map((one) => [one.name, one]));
  return plugins.descriptions.map((plugin) => {
    const { name, file, description, version, usable, error } = plugin;
    const now = status.get(name);
    return {
      name,
      file,
      description,
      version,
      usable,
      error: error && { ...error, message: mask(error.message) },
      state: now?.state ?? "idle",
      waitsUntil: iso(now?.waitsUntil ?? null),
      running: now?.running ?? 0,
      deaths: now?.deaths ?? 0,
      memoryBytes: now?.memory ?? 0,
      lastError: now?.lastError ? mask(now.lastError) : null,
      allowed: plugins.grants.filter((grant) => grant.plugin === name)
        .map(({ kind, target, route, why }) => ({ kind, target: mask(target), route, why })),
      refused: (now?.refused ?? []).map((one) => ({
        ...one,
        target: mask(one.target),
        remedy: one.remedy && mask(one.remedy),
        lastAt: iso(one.lastAt),
      })),
      routes: parts.routes().filter((route) => route.plugin === name).map((route) => route.name),
    };
  });
}
