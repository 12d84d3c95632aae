/** The files that are the relay's alone. @module */
import { resolve } from "@std/path";
import type { Config } from "./schema.ts";

/**
 * What no plugin may read or write, whatever it is granted: the config, its environment and the store's files, as
 * absolute paths.
 *
 * @param folder The config's.
 */
export function secretFiles({ store }: Pick<Config, "store">, folder: string): string[] {
  const database = /^sqlite:(.+)$/s.exec(store)?.[1];
  const files = database === undefined ? [] : ["", "-wal", "-shm"].map((ending) => database + ending);
  return ["config.json", ".env", ...files].map((file) => resolve(folder, file));
}
