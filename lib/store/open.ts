/** Opens the store that config.json names. @module */
import { resolve } from "@std/path";
import { late } from "../late.ts";
import { type Store, StoreUnusable } from "./contract.ts";
import { readUrl } from "./place.ts";
import { dumpCommand } from "./postgres/dump_command.ts";
import type { Transfer } from "./transfer.ts";

const sqlite = () => late<typeof import("./sqlite/open.ts")>(import.meta.resolve("./sqlite/open.ts"));

/** How a store is opened. */
export interface OpenOptions {
  /**
   * For a command beside a running relay: takes no lock, leaves what runs alone, makes no store where there is none,
   * and brings none to this program's version (see `StoreOlder`), since the relay may be of the one before. Default
   * false: the caller is the relay, and what a crashed one left running is given back at once.
   */
  shared?: boolean;
}

/**
 * Opens a store, and makes it when there is none.
 *
 * @param url `sqlite:FILE`; a relative FILE is taken from `baseFolder`. Or `postgres://…`, see `postgres/settings.ts`.
 * @throws {StoreUnusable} when it cannot be used; the message says what to do.
 */
export async function openStore(url: string, baseFolder: string, options: OpenOptions = {}): Promise<Store> {
  const named = read(url);
  if (named.engine === "sqlite") {
    const file = resolve(baseFolder, named.file);
    const { openSqlite } = await sqlite();
    return await openSqlite(file, options);
  }
  const { PostgresStore } = await late<typeof import("./postgres/store.ts")>(
    import.meta.resolve("./postgres/store.ts"),
  );
  return await PostgresStore.open(url, baseFolder, options.shared);
}

/**
 * Writes a consistent copy of a store to `file`, synced, while relays use it.
 *
 * @param url As of {@linkcode openStore}.
 * @throws {StoreUnusable} when it cannot be copied; the message says what to do.
 * @throws {Deno.errors.AlreadyExists} when there is such a file.
 */
export async function backupStore(url: string, baseFolder: string, file: string): Promise<void> {
  const named = read(url);
  if (named.engine === "sqlite") {
    const { backupSqlite } = await sqlite();
    return await backupSqlite(resolve(baseFolder, named.file), file);
  }
  throw new StoreUnusable(
    `PostgreSQL has its own tool for that, which may be used while relays run: ${dumpCommand(url, file)}`,
  );
}

/**
 * Opens a store to be moved elsewhere, or (`into`) a place to move one into.
 *
 * @param url As of {@linkcode openStore}.
 * @throws {StoreUnusable} when there is none, or one where none must be, or somebody uses it.
 */
export async function openTransfer(url: string, baseFolder: string, into: boolean): Promise<Transfer> {
  const named = read(url);
  if (named.engine === "sqlite") {
    const { fromSqlite, toSqlite } = await late<typeof import("./sqlite/transfer.ts")>(
      import.meta.resolve("./sqlite/transfer.ts"),
    );
    return await (into ? toSqlite : fromSqlite)(resolve(baseFolder, named.file));
  }
  const { fromPostgres, toPostgres } = await late<typeof import("./postgres/transfer.ts")>(
    import.meta.resolve("./postgres/transfer.ts"),
  );
  return await (into ? toPostgres : fromPostgres)(url, baseFolder);
}

function read(url: string): NonNullable<ReturnType<typeof readUrl>> {
  const named = readUrl(url);
  if (named !== null) return named;
  const [, scheme] = /^(\w+):./s.exec(url) ?? [];
  throw new StoreUnusable(
    `Cannot open ${scheme ? `the store ${scheme}:…` : "that store"}: give "sqlite:FILE", such as ` +
      '"sqlite:./data/relay.db", or "postgres://user:password@host/database"',
  );
}
