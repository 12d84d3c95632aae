/** Copies the database while it is in use. @module */
import { dirname } from "@std/path";
import { backup as copy, DatabaseSync } from "node:sqlite";

/** All pages in one step: then the copy is of one moment, whatever is written meanwhile. */
const ALL_PAGES = 2 ** 31 - 1;

/** Why there can be no file of a name, and what to do. */
const REFUSALS = [
  [Deno.errors.NotFound, "its folder does not exist. Make it, or name another"],
  [Deno.errors.PermissionDenied, "this user may not write there"],
] as const;

/**
 * Writes a consistent copy of the database `from` to `file`, synced. It grows beside that as `FILE.part`, which a backup
 * that is killed leaves, and the next one writes over; the name appears when the copy is whole. Blocks this thread.
 *
 * @throws {Deno.errors.AlreadyExists} when there is such a file, or another backup is being written there.
 * @throws {Deno.errors.NotFound} when there is no such folder.
 * @throws {Deno.errors.PermissionDenied} when this user may not write there.
 */
export async function backup(from: string, file: string): Promise<void> {
  expectFree(file);
  const draft = `${file}.part`;
  using held = await hold(draft, file);
  try {
    expectFree(file); // another backup may just have ended
    remove(`${draft}-journal`);
    held.truncateSync(0);
    // Not by VACUUM INTO, which Deno permits under -A alone.
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      await copy(source, draft, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    held.syncSync();
    putInPlace(draft, file);
    sync(dirname(file));
  } catch (error) {
    for (const leftover of [draft, `${draft}-journal`]) remove(leftover);
    throw error;
  }
}

/** Opens the draft, for nobody else at the same time: the lock ends with this process, however that ends. */
async function hold(draft: string, file: string): Promise<Deno.FsFile> {
  let held: Deno.FsFile;
  try {
    held = Deno.openSync(draft, { create: true, write: true, mode: 0o600 });
  } catch (error) {
    for (const [kind, why] of REFUSALS) {
      if (error instanceof kind) throw new kind(`Cannot write the backup ${file}: ${why}`);
    }
    throw error;
  }
  if (await held.tryLock(true)) return held;
  held.close();
  throw new Deno.errors.AlreadyExists(
    `Cannot write the backup ${file}: another backup is being written there. Give another name`,
  );
}

function expectFree(file: string): void {
  try {
    Deno.lstatSync(file);
  } catch {
    return; // what hinders us is told when the draft is opened
  }
  throw alreadyThere(file);
}

/** Gives the whole copy its name, never another's. */
function putInPlace(draft: string, file: string): void {
  try {
    Deno.linkSync(draft, file);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw alreadyThere(file);
    // A file system without links, as that of many a disk for backups.
    Deno.openSync(file, { createNew: true, write: true, mode: 0o600 }).close();
    Deno.renameSync(draft, file);
    return;
  }
  Deno.removeSync(draft);
}

const alreadyThere = (file: string) =>
  new Deno.errors.AlreadyExists(`Cannot write the backup ${file}: there is such a file. Give another name`);

function remove(file: string): void {
  try {
    Deno.removeSync(file);
  } catch {
    // It is not there, or the disk that failed the backup will not let go of it either.
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
