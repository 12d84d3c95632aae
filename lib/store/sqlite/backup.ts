/** Copies the database while it is in use. @module */
import { dirname } from "@std/path";
import type { Connection } from "./connection.ts";

/**
 * Writes a consistent copy to `file`, synced. The name appears at once, empty; the copy takes its place when it is
 * whole.
 *
 * @throws {Deno.errors.AlreadyExists} when there is such a file.
 */
export function backup(db: Connection, file: string): void {
  const draft = `${file}.part`;
  try {
    Deno.openSync(file, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Deno.errors.AlreadyExists(
      `Cannot write the backup ${file}: there is such a file. Give another name`,
    );
  }
  try {
    Deno.openSync(draft, { create: true, truncate: true, write: true, mode: 0o600 }).close();
    db.run("VACUUM INTO ?", draft);
    sync(draft);
    Deno.renameSync(draft, file);
    sync(dirname(file));
  } catch (error) {
    for (const leftover of [draft, file]) {
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
