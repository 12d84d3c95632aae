/** Opens the store that config.json names. The only place that knows which engines there are. @module */
import { resolve } from "@std/path";
import { type Store, StoreUnusable } from "./contract.ts";
import { openSqlite } from "./sqlite/open.ts";
import type { Transfer } from "./transfer.ts";

/** How a store is opened. */
export interface OpenOptions {
  /**
   * For a command beside a running relay: takes no lock, leaves what runs alone, and makes no store where there is
   * none. Default false: the caller is the relay, and what a crashed one left running is given back at once.
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
  const { engine, rest } = partsOf(url);
  if (engine === "sqlite") return await openSqlite(resolve(baseFolder, rest), options);
  const { PostgresStore } = await import("./postgres/store.ts"); // its client is loaded only where it is used
  return await PostgresStore.open(url, baseFolder, options.shared);
}

/**
 * Opens a store to be moved elsewhere, or (`into`) a place to move one into.
 *
 * @param url As of {@linkcode openStore}.
 * @throws {StoreUnusable} when there is none, or one where none must be, or somebody uses it.
 */
export async function openTransfer(url: string, baseFolder: string, into: boolean): Promise<Transfer> {
  const { engine, rest } = partsOf(url);
  if (engine === "sqlite") {
    const { fromSqlite, toSqlite } = await import("./sqlite/transfer.ts");
    return await (into ? toSqlite : fromSqlite)(resolve(baseFolder, rest));
  }
  const { fromPostgres, toPostgres } = await import("./postgres/transfer.ts");
  return await (into ? toPostgres : fromPostgres)(url, baseFolder);
}

function partsOf(url: string): { engine: "sqlite" | "postgres"; rest: string } {
  const [, engine, rest] = /^(\w+):(.*)$/s.exec(url) ?? [];
  if (engine === "sqlite" && rest) return { engine, rest };
  if ((engine === "postgres" || engine === "postgresql") && rest) return { engine: "postgres", rest };
  throw new StoreUnusable(
    `Cannot open the store ${
      engine ? `${engine}:…` : "that"
    }: give "sqlite:FILE", such as "sqlite:./data/relay.db", ` +
      'or "postgres://user:password@host/database"',
  );
}
