/** Tells by SQLite's error code what a failure means. @module */
import { StoreUnavailable, StoreUnusable } from "../contract.ts";

/** SQLite's primary result codes that are told apart. */
const BUSY = 5, LOCKED = 6, READ_ONLY = 8, IO_ERROR = 10, CORRUPT = 11, CANNOT_OPEN = 14, NOT_A_DATABASE = 26;
/** Those that are no fault of the statement, with what a person can do. */
const REMEDIES: Record<number, string> = {
  [BUSY]: "another process holds the database; `fuser` with that file tells which",
  [LOCKED]: "another connection holds the table; a later try may succeed",
  7: "out of memory; give the relay more",
  [READ_ONLY]:
    "the file or its folder cannot be written; is this the relay's user, and the disk not read-only?",
  [IO_ERROR]: "the disk failed, or the file may not grow any more (`ulimit -f`); check both",
  [CORRUPT]: "the file is damaged; stop the relay and restore a backup",
  13: "the disk is full; make room",
  [CANNOT_OPEN]: "the file cannot be opened; check that its folder exists and is writable",
  15: "the file's locks misbehave; keep it on a local disk",
  [NOT_A_DATABASE]: "the file is no SQLite database; stop the relay and restore a backup",
};

/** The primary result code of an error thrown by a prepared statement; undefined for any other. */
function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** Whether another process is in the way, so that trying again soon is worthwhile. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error instanceof StoreUnavailable ? error.cause : error);
  return code === BUSY || code === LOCKED;
}

/** Whether the connection must not be used again after this error. */
export function breaksConnection(error: unknown): boolean {
  return [READ_ONLY, IO_ERROR, CORRUPT, CANNOT_OPEN, NOT_A_DATABASE].includes(resultCode(error) ?? 0);
}

/** The error to hand on: {@linkcode StoreUnavailable} when the file or disk is at fault, else the error itself. */
export function translate(error: unknown, file: string): unknown {
  const code = resultCode(error);
  const remedy = code === undefined ? undefined : REMEDIES[code];
  if (remedy === undefined) return error;
  return new StoreUnavailable(`Cannot use ${file}: ${(error as Error).message} (${remedy})`, {
    cause: error,
  });
}

/** What to do about a damaged file. Nothing of it is thrown away: it may yet be read in part. */
export function remedyForDamage(file: string): string {
  return `Stop the relay, put it aside with its ${file}-wal and ${file}-shm, and put a backup in its place; ` +
    `without a backup, try "sqlite3 ${file} .recover"`;
}

/** The error to hand on when what belongs beside the file cannot be made there, or the file itself. */
export function translateAtMaking(error: unknown, file: string): StoreUnusable {
  if (error instanceof StoreUnusable) return error;
  return new StoreUnusable(
    `Cannot open ${file}: ${(error as Error).message}. Make its folder writable for the relay's user`,
    { cause: error },
  );
}

/** The error to hand on when the file cannot even be opened. */
export function translateAtOpen(error: unknown, file: string): unknown {
  const cause = error instanceof StoreUnavailable ? error.cause : error;
  const code = resultCode(cause);
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    return new StoreUnusable(
      `Cannot open ${file}: ${(cause as Error).message}. ${remedyForDamage(file)}`,
      { cause: error },
    );
  }
  const translated = translate(error, file);
  return translated instanceof StoreUnavailable
    ? new StoreUnusable(translated.message, { cause: error })
    : error;
}
