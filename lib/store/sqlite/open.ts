/** Opens the store in an SQLite file. @module */
import { dirname } from "@std/path";
import { existsSync } from "node:fs";
import { StoreUnusable } from "../contract.ts";
import { Connection } from "./connection.ts";
import { translateAtMaking, translateAtOpen } from "./errors.ts";
import { isThere } from "./is_there.ts";
import { lockFile } from "./lock.ts";
import { tablesOf } from "./migrations.ts";
import { SIZES, type Sizes } from "./sizes.ts";
import { SqliteStore } from "./store.ts";
import { HelperThread } from "./helper_thread.ts";

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
    expectFile(file);
    return await SqliteStore.open(file, null, sizes);
  }
  const lock = await prepare(file);
  try {
    return await SqliteStore.open(file, lock, sizes);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/**
 * Copies a file as it is, whatever version of this program wrote it, while a relay uses it; see `backup`.
 *
 * @throws {StoreUnusable} when there is none, or it is no store.
 * @throws {Deno.errors.AlreadyExists} when there is a file `copy`.
 */
export async function backupSqlite(file: string, copy: string): Promise<void> {
  expectFile(file);
  const db = new Connection(file, { readOnly: true });
  try {
    tablesOf(db);
  } catch (error) {
    throw translateAtOpen(error, file);
  } finally {
    db.close();
  }
  const thread = new HelperThread(file);
  try {
    await thread.ask("backup", copy);
  } finally {
    await thread.close();
  }
}

function expectFile(file: string): void {
  if (isThere(file)) return;
  throw new StoreUnusable(
    `There is no store at ${file}: start the relay once, or name the config that it runs with (--config)`,
  );
}

async function prepare(file: string): Promise<Disposable> {
  try {
    await Deno.mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // Never opened where it is there: to close it again would undo the locks that this process holds on it.
    if (!existsSync(file)) (await Deno.open(file, { create: true, append: true, mode: 0o600 })).close();
    return await lockFile(file);
  } catch (error) {
    throw translateAtMaking(error, file);
  }
}
