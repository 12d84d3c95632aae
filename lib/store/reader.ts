/** Reads a relay's store from another of its threads, by connections of that thread's own. @module */
import { resolve } from "@std/path";
import { late } from "../late.ts";
import type { Store, StoreReads } from "./contract.ts";
import { readUrl } from "./place.ts";
import { SqliteReader } from "./sqlite/reader.ts";

/** A store that is only read. */
export type StoreReader = StoreReads & Pick<Store, "close">;

/**
 * Opens it.
 *
 * @param url As of `openStore`: a relay of this process has it open.
 * @param relay That relay's store, as far as it is asked for what only it knows.
 * @throws {StoreUnusable} when it cannot be used; the message says what to do.
 */
export async function openReader(
  url: string,
  baseFolder: string,
  relay: Pick<StoreReads, "events" | "deliveries">,
): Promise<StoreReader> {
  const named = readUrl(url)!;
  if (named.engine === "sqlite") return new SqliteReader(resolve(baseFolder, named.file), relay);
  const { PostgresReader } = await late<typeof import("./postgres/reader.ts")>(
    import.meta.resolve("./postgres/reader.ts"),
  );
  return await PostgresReader.openBeside(url, baseFolder);
}
