/** Opens the store in an SQLite file. @module */
import { dirname } from "@std/path";
import { existsSync } from "node:fs";
import { StoreUnusable } from "../contract.ts";
import { lockFile } from "./lock.ts";
import { SIZES, type Sizes } from "./sizes.ts";
import { SqliteStore } from "./store.ts";

/** How a file is opened. */
export interface SqliteOptions {
  /** Beside a relay, which has the lock; see `openStore`. Default false. */
  shared?: boolean;
  sizes?: Sizes;
}

/**
 * Opens a file, and makes it when there is none.
 *
 * @throws {StoreUnusable} when it cannot be used; the message says what to do.
 */
export async function openSqlite(file: string, options: SqliteOptions = {}): Promise<SqliteStore> {
  const { shared = false, sizes = SIZES } = options;
  if (shared) {
    if (existsSync(file)) return await SqliteStore.open(file, null, sizes);
    throw new StoreUnusable(
      `There is no store at ${file}: start the relay once, or name the config that it runs with (--config)`,
    );
  }
  const lock = await prepare(file);
  try {
    return await SqliteStore.open(file, lock, sizes);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function prepare(file: string): Promise<Disposable> {
  try {
    await Deno.mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // Never opened where it is there: to close it again would undo the locks that this process holds on it.
    if (!existsSync(file)) (await Deno.open(file, { create: true, append: true, mode: 0o600 })).close();
    return await lockFile(file);
  } catch (error) {
    if (error instanceof StoreUnusable) throw error;
    throw new StoreUnusable(
      `Cannot open ${file}: ${(error as Error).message}. Make its folder writable for the relay's user`,
      { cause: error },
    );
  }
}
