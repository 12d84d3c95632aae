/** Looks at a store without changing anything in it, also while a relay uses it. @module */
import { resolve } from "@std/path";
import { statSync } from "node:fs";
import { messageOf } from "../message_of.ts";
import { StoreOlder, StoreUnusable } from "./contract.ts";
import { openStore } from "./open.ts";
import { readUrl } from "./place.ts";
import { Connection } from "./sqlite/connection.ts";
import { isThere } from "./sqlite/is_there.ts";
import { isLocked } from "./sqlite/lock.ts";
import { expectNotMoved } from "./sqlite/moved.ts";
import { remedyForDamage, translateAtOpen } from "./sqlite/errors.ts";
import { expectNewest } from "./sqlite/migrations.ts";

/** What there is to know of a store. */
export interface StoreExamination {
  /** The file; null when the store is none. */
  file: string | null;
  /** Size of the file with what waits beside it to be written into it; 0 when there is no file. */
  bytes: number;
  /** `missing`: a start makes it. `older`: the next start brings it to this program's version. */
  state: "usable" | "missing" | "older" | "unusable";
  /** Why it cannot be used, and what to do. */
  problem: string | null;
  /** Whether it was read from end to end. */
  readThrough: boolean;
}

/** How thoroughly. */
export interface ExamineOptions {
  /** A bigger file is not read from end to end. Default: 512 MiB. */
  mostBytes?: number;
  /** Also holds every index against its table, whatever the size. */
  deep?: boolean;
}

const MOST_BYTES = 512 * 2 ** 20;

/** Examines the store that `url` names; a relative file is taken from `baseFolder`. Never rejects. */
export async function examineStore(
  url: string,
  baseFolder: string,
  options: ExamineOptions = {},
): Promise<StoreExamination> {
  const named = readUrl(url);
  return named?.engine === "sqlite"
    ? examineFile(resolve(baseFolder, named.file), options)
    : await examineServer(url, baseFolder);
}

/** Whether a relay uses the store; false, too, for one that a server keeps, where nobody can tell. */
export async function isInUse(url: string, baseFolder: string): Promise<boolean> {
  const named = readUrl(url);
  return named?.engine === "sqlite" && await isLocked(resolve(baseFolder, named.file));
}

async function examineServer(url: string, baseFolder: string): Promise<StoreExamination> {
  const found = { file: null, bytes: 0, readThrough: false };
  try {
    const store = await openStore(url, baseFolder, { shared: true });
    try {
      await store.ready();
      return { ...found, state: "usable", problem: null };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreOlder) return { ...found, state: "older", problem: null };
    return { ...found, state: "unusable", problem: messageOf(error) };
  }
}

function examineFile(
  file: string,
  { mostBytes = MOST_BYTES, deep = false }: ExamineOptions,
): StoreExamination {
  const unseen = { file, bytes: 0, readThrough: false };
  try {
    if (!isThere(file) || bytesOf(file) === 0) return { ...unseen, state: "missing", problem: null };
  } catch (error) {
    return { ...unseen, state: "unusable", problem: messageOf(error) };
  }
  const found = { ...unseen, bytes: bytesOf(file) + bytesOf(`${file}-wal`) };
  const db = new Connection(file, { readOnly: true });
  try {
    const older = isOlder(db);
    expectNotMoved(db);
    const readThrough = deep || found.bytes <= mostBytes;
    if (readThrough) {
      const check = deep ? "integrity_check" : "quick_check";
      const damage = db.all<object>(`PRAGMA ${check}(3)`).map((row) => String(Object.values(row)[0]))
        .filter((line) => line !== "ok");
      if (damage.length > 0) throw new StoreUnusable(damaged(file, damage));
    }
    return { ...found, readThrough, state: older ? "older" : "usable", problem: null };
  } catch (error) {
    return { ...found, state: "unusable", problem: messageOf(translateAtOpen(error, file)) };
  } finally {
    db.close();
  }
}

function isOlder(db: Connection): boolean {
  try {
    expectNewest(db);
    return false;
  } catch (error) {
    if (error instanceof StoreOlder) return true;
    throw error;
  }
}

function damaged(file: string, damage: readonly string[]): string {
  const where = damage.join("; ").replaceAll(/\*\*\*.*?\*\*\*\s*|\s+/g, " ").trim().slice(0, 200);
  return `${file} is damaged (${where}). ${remedyForDamage(file)}`;
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
