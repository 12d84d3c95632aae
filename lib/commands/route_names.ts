/** Which routes there are: in the config, and in the store from configs before. @module */
import { join, resolve } from "@std/path";
import { existsSync } from "node:fs";
import { nearOrAll } from "../config/suggest.ts";
import type { BesideRelay } from "./beside_relay.ts";
import { UsageError } from "./command.ts";

type Known = Pick<BesideRelay, "config" | "store">;

/**
 * Sees that each of `asked` is a route of the config, or one that has deliveries.
 *
 * @throws {UsageError} With a suggestion.
 */
export async function checkRoutes({ config, store }: Known, asked: readonly string[]): Promise<void> {
  if (asked.length === 0) return;
  const stored = (await store.counts()).map(({ route }) => route);
  const known = [...new Set([...config.routes.map(({ name }) => name), ...stored])];
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(`no route is called ${JSON.stringify(unknown)}: ${nearOrAll(unknown, known)}`);
}

/** Tells of those of `routes` that are not in force, so that their deliveries wait. */
export function waitingRoutes(
  { config, folder }: Pick<BesideRelay, "config" | "folder">,
  routes: readonly string[],
): string[] {
  const pluginsDir = resolve(folder, config.pluginsDir);
  const hasPlugin = (name: string) =>
    [`${name}.ts`, `${name}.js`, name].some((file) => existsSync(join(pluginsDir, file)));
  return routes.flatMap((name) => {
    const route = config.routes.find((one) => one.name === name);
    if (route ? !route.disabled : hasPlugin(name)) return [];
    return [
      route
        ? `The route ${name} is disabled: its deliveries wait until it is not.`
        : `No route is called ${name} any more: its deliveries wait until config.json has one.`,
    ];
  });
}
