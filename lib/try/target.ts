/** Finds what a person wants to try: a route of the config, or a plugin, with a route or without. @module */
import { nearOrAll } from "../config/suggest.ts";
import type { Config, RouteConfig } from "../config/schema.ts";
import type { JsonObject } from "../nouns.ts";
import { ROUTE_DEFAULTS } from "../route/resolve.ts";

/** What a name cannot be. */
export class NoTarget extends Error {
  override name = "NoTarget";
}

/**
 * The route that `name` means: the route of that name, or else the one that names the plugin of that name, or else a
 * route that there would be if config.json said no more than the plugin's name.
 *
 * @param plugins Names of the plugins that are there.
 * @param options Take the place of the route's own.
 * @throws {NoTarget} With a suggestion.
 */
export function targetOf(
  name: string,
  config: Pick<Config, "routes">,
  plugins: readonly string[],
  options?: JsonObject,
): RouteConfig {
  const route = config.routes.find((one) => one.name === name);
  if (route) return options === undefined ? route : { ...route, options };
  const plugin = name.replace(/^.*\//, "").replace(/\.[tj]s$/, "");
  if (!plugins.includes(plugin)) {
    const known = [...new Set([...config.routes.map((one) => one.name), ...plugins])];
    throw new NoTarget(`no route or plugin is called ${JSON.stringify(name)}: ${nearOrAll(name, known)}`);
  }
  const users = config.routes.filter((one) => one.plugin === plugin);
  if (options === undefined && users.length > 1) {
    const names = users.map((one) => one.name);
    throw new NoTarget(`${names.length} routes use the plugin ${plugin}: name one of ${names.join(", ")}`);
  }
  if (options === undefined && users[0]) return users[0];
  return { name: plugin, plugin, options: options ?? {}, ...ROUTE_DEFAULTS };
}
