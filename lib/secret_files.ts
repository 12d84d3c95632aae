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
  const known = knownPluginsFile({ store }, folder);
  const own = new Set([configFile, join(folder, "config.json"), join(folder, ".env")]);
  const versions = keptVersionsFolder({ store }, folder);
  const kept = known === null || versions === null ? [] : [known, beingWritten(known), versions];
  return [...own, ...files, ...kept, ...[key, socket].filter((path) => path !== null)];
}

/** Where what plugins say of themselves is kept, in the store's folder; null when a server keeps the store. */
export function knownPluginsFile({ store }: Pick<Config, "store">, folder: string): string | null {
  const place = placeOf(store, folder);
  return place.folder === null ? null : join(place.folder, "plugins.json");
}

/** Where the last versions of plugins are kept, in the store's folder; null when a server keeps the store. */
export function keptVersionsFolder({ store }: Pick<Config, "store">, folder: string): string | null {
  const place = placeOf(store, folder);
  return place.folder === null ? null : join(place.folder, "plugin-versions");
}
