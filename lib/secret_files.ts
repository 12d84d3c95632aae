/** The files that are the relay's alone. @module */
import { resolve } from "@std/path";
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
  const own = ["config.json", ".env"].map((file) => resolve(folder, file));
  return [...own, ...files, ...[key, socket].filter((path) => path !== null)];
}
