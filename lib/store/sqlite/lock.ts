/** Keeps a second relay off a database file. @module */
import { StoreUnusable } from "../contract.ts";

/** A relay that is just ending still holds it for a moment. */
const TRIES = 20;
const TRY_AGAIN_MS = 50;

/** Whether a relay holds the lock of a database file: one that runs, or is just starting or ending. */
export async function isLocked(file: string): Promise<boolean> {
  try {
    using handle = await Deno.open(lockOf(file));
    return !await handle.tryLock();
  } catch {
    return false; // no relay was ever there, or this user may not look
  }
}

/**
 * Takes the lock of a database file, which the operating system gives back whenever the process ends.
 *
 * @throws {StoreUnusable} when another relay holds it.
 */
export async function lockFile(file: string): Promise<Disposable> {
  const path = lockOf(file);
  const handle = await Deno.open(path, { create: true, write: true, mode: 0o600 });
  try {
    for (let tries = 1; tries <= TRIES; tries++) {
      if (await handle.tryLock(true)) return handle;
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  } catch (error) {
    handle.close();
    throw error;
  }
  handle.close();
  throw new StoreUnusable(
    `Cannot open ${file}: another relay is running on it (it holds ${path}). Stop that one, or name another file ` +
      `under "store" in config.json; several relays can share a PostgreSQL`,
  );
}

const lockOf = (file: string) => `${file}.lock`;
