/** Routes and plugins, as the API and the pages show them. @module */
import type { Json } from "../../nouns.ts";
import type { PluginItem, RouteItem } from "../api/shapes.ts";
import type { AdminParts } from "../parts.ts";
import { iso } from "./views.ts";

/** Every route in force, and those that only have deliveries left. */
export async function routeItems(parts: AdminParts): Promise<RouteItem[]> {
  const counts = await parts.store.counts();
  const running = parts.running();
  const off = parts.switches.off();
  return parts.routes().map((route) => {
    const own = counts.filter((one) => one.route === route.name);
    const waiting = own.filter(({ state }) => state === "pending" || state === "running");
    const of = (state: string) => own.find((one) => one.state === state)?.count ?? 0;
    return {
      name: route.name,
      plugin: route.plugin,
      on: !off.has(route.name),
      configured: route.configured,
      filters: route.filters as Json,
      order: route.order,
      concurrency: route.concurrency,
      timeoutMs: route.timeoutMs,
      counts: { pending: of("pending"), running: of("running"), done: of("done"), dead: of("dead") },
      running: running.get(route.name) ?? 0,
      oldestWaitingAt: iso(waiting.length === 0 ? null : Math.min(...waiting.map(({ oldest }) => oldest))),
    };
  });
}

/** Every plugin in the folder. `mask` takes secrets out of errors and of what it may reach. */
export function pluginItems(parts: AdminParts, mask: (text: string) => string): PluginItem[] {
  return parts.plugins().map((plugin) => ({
    name: plugin.name,
    description: plugin.description,
    state: plugin.state,
    version: plugin.version,
    readyAt: iso(plugin.readyAt),
    restarts: plugin.restarts,
    memoryBytes: plugin.memoryBytes,
    lastError: plugin.lastError && {
      ...plugin.lastError,
      at: iso(plugin.lastError.at),
      message: mask(plugin.lastError.message),
    },
    allowed: Object.fromEntries(
      Object.entries(plugin.allowed).filter(([, names]) => names.length > 0).map((
        [kind, names],
      ) => [kind, [...names]]),
    ),
    refused: plugin.refused.map(({ lastAt, target, ...refusal }) => ({
      ...refusal,
      target: mask(target),
      lastAt: iso(lastAt),
    })),
    routes: parts.routes().filter((route) => route.plugin === plugin.name).map(({ name }) => name),
  }));
}
