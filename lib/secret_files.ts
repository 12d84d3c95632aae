/** The files that are the relay's alone. @module */
import { join, resolve } from "@std/path";
import type { Config } from "./config/schema.ts";
import { placeOf } from "./store/place.ts";

/**
 * What no plugin may read or write, whatever it is granted: the config, its environment, and the store's files, key
 * and socket, as absolute paths.
 *
 * @param folder The config's.
 */
export function secretFiles({ store }: Pick<Config, "store">, folder: string): string[] {
  const { files, key, socket } = placeOf(store, folder);
  const known = knownPluginsFile({ store }, folder);
  const own = ["config.json", ".env"].map((file) => resolve(folder, file));
  return [...own, ...files, ...[known, key, socket].filter((path) => path !== null)];
}

/** Where what plugins say of themselves is kept, in the store's folder; null when a server keeps the store. */
export function knownPluginsFile({ store }: Pick<Config, "store">, folder: string): string | null {
  const place = placeOf(store, folder);
  return place.folder === null ? null : join(place.folder, "plugins.json");
}
