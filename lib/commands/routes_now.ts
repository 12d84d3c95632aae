/** Which routes are in force, as config.json and the plugins are now. @module */
import { resolve } from "@std/path";
import { withPlugins } from "../doctor/with_plugins.ts";
import { configureLog } from "../log.ts";
import { resolveRoutes, type Route } from "../route/resolve.ts";
import type { BesideRelay, RelayConfig } from "./beside_relay.ts";
import { UsageError } from "./command.ts";

/** The routes of a config, with those that its plugins declare, as they are now. */
export async function routesOf(
  { config, file, folder }: Omit<RelayConfig, "mask">,
): Promise<{
  inForce: Route[];
  /** Plugins that do not load: a running relay may have kept what they declared before. */
  broken: string[];
}> {
  configureLog({ write: () => {} });
  return await withPlugins(file, resolve(folder, config.pluginsDir), (plugins) => {
    const descriptions = plugins.descriptions();
    return {
      inForce: resolveRoutes(config, descriptions),
      broken: descriptions.flatMap(({ name, error }) => error === null ? [] : [name]),
    };
  });
}

/**
 * The routes that are not in force and that something waits for; of `asked`, if any are.
 *
 * @throws {UsageError} At one of `asked` that is in force, or whose plugin would have to load to tell.
 */
export async function leftRoutes(beside: BesideRelay, asked: readonly string[] = []): Promise<string[]> {
  const { inForce, broken } = await routesOf(beside);
  const names = inForce.map(({ name }) => name);
  for (const name of asked) {
    if (names.includes(name)) {
      throw new UsageError(`the route ${name} is in force: what waits for it is delivered`);
    }
    if (broken.includes(name)) {
      throw new UsageError(
        `the plugin ${name} does not load, and may have a route: mend it, or take it away`,
      );
    }
  }
  const kept = new Set([...names, ...broken]);
  const waiting = (await beside.store.counts()).filter(({ state }) => state === "pending");
  return waiting.map(({ route }) => route).filter((route) =>
    !kept.has(route) && (asked.length === 0 || asked.includes(route))
  );
}
