/** The files that are the relay's alone. @module */
import { dirname, join } from "@std/path";
import type { Config } from "./config/schema.ts";
import { beingWritten } from "./sandbox/write_whole.ts";
import { placeOf } from "./store/place.ts";

/**
 * What no plugin may read or write, whatever it is granted: the config, its environment, the store's files, key and
 * socket, and what is kept of plugins, as absolute paths.
 *
 * @param configFile The config's. A `config.json` beside it is hidden as well: it may be another relay's.
 */
export function secretFiles({ store }: Pick<Config, "store">, configFile: string): string[] {
  const folder = dirname(configFile);
  const { files, key, socket } = placeOf(store, folder);
  const own = new Set([configFile, join(folder, "config.json"), join(folder, ".env")]);
  const kept = keptOfPlugins({ store }, folder);
  const plugins = kept === null ? [] : [kept.said, beingWritten(kept.said), kept.versions];
  return [...own, ...files, ...plugins, ...[key, socket].filter((path) => path !== null)];
}

/**
 * Where in the store's folder it is kept what plugins say of themselves (a file), and their last versions (a folder);
 * null when a server keeps the store.
 */
export function keptOfPlugins(
  { store }: Pick<Config, "store">,
  configFolder: string,
): { said: string; versions: string } | null {
  const { folder } = placeOf(store, configFolder);
  return folder === null
    ? null
    : { said: join(folder, "plugins.json"), versions: join(folder, "plugin-versions") };
}
