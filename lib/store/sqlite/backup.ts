/** Copies the database while it is in use. @module */
import { dirname } from "@std/path";
import { backup as copy, DatabaseSync } from "node:sqlite";

/** All pages in one step: then the copy is of one moment, whatever is written meanwhile. */
const ALL_PAGES = 2 ** 31 - 1;

/** Why there can be no file of a name, and what to do. */
const REFUSALS = [
  [Deno.errors.AlreadyExists, "there is such a file. Give another name"],
  [Deno.errors.NotFound, "its folder does not exist. Make it, or name another"],
  [Deno.errors.PermissionDenied, "this user may not write there"],
] as const;

/**
 * Writes a consistent copy of the database `from` to `file`, synced. The name appears at once, empty; the copy takes
 * its place when it is whole. Blocks this thread.
 *
 * @throws {Deno.errors.AlreadyExists} when there is such a file.
 * @throws {Deno.errors.NotFound} when there is no such folder.
 * @throws {Deno.errors.PermissionDenied} when this user may not write there.
 */
export async function backup(from: string, file: string): Promise<void> {
  const draft = `${file}.part`;
  try {
    Deno.openSync(file, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    for (const [kind, why] of REFUSALS) {
      if (error instanceof kind) throw new kind(`Cannot write the backup ${file}: ${why}`);
    }
    throw error;
  }
  try {
    Deno.openSync(draft, { create: true, truncate: true, write: true, mode: 0o600 }).close();
    // Not by VACUUM INTO, which Deno permits under -A alone.
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      await copy(source, draft, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    sync(draft);
    Deno.renameSync(draft, file);
    sync(dirname(file));
  } catch (error) {
    for (const leftover of [draft, `${draft}-journal`, file]) {
      try {
        Deno.removeSync(leftover);
      } catch {
        // It is not there, or the disk that failed the backup will not let go of it either.
      }
    }
    throw error;
  }
}

function sync(path: string): void {
  const handle = Deno.openSync(path, { read: true });
  try {
    handle.syncSync();
  } finally {
    handle.close();
  }
}
