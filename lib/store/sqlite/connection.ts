/** One connection to a database file: statements, transactions, and starting afresh after a disk error. @module */
import { statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { StoreUnavailable } from "../contract.ts";
import { breaksConnection, isBusy, translate } from "./errors.ts";

/** What may be bound to a statement's `?`. */
export type Bound = SQLInputValue;

/** How long a statement waits for another process's commit, in milliseconds. */
const BUSY_TIMEOUT_MS = 2000;
/** How long while one has waited in vain: each would hold up everything else in turn. */
const STILL_BUSY_TIMEOUT_MS = 50;
/** Page cache of a connection, in KiB. */
const CACHE_KIB = 4096;

/** A connection. Errors for which the file or the disk is to blame are thrown as `StoreUnavailable`. */
export class Connection {
  #db: DatabaseSync | null = null;
  #wasOpen = false;
  #statements = new Map<string, StatementSync>();
  #timeout = BUSY_TIMEOUT_MS;

  constructor(readonly file: string, readonly options: { readOnly?: boolean } = {}) {}

  /** Runs a statement that answers no rows; answers how many rows it changed. */
  run(sql: string, ...bound: Bound[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...storable(bound)).changes));
  }

  /** The first row. */
  get<Row>(sql: string, ...bound: Bound[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...storable(bound)) as Row | undefined);
  }

  /** All rows. */
  all<Row>(sql: string, ...bound: Bound[]): Row[] {
    return this.#guard(() => this.#prepare(sql).all(...storable(bound)) as Row[]);
  }

  /** Runs `body` in one write transaction: all of it happens, or, when it throws, none of it. */
  transaction<T>(body: () => T): T {
    this.#begin();
    try {
      const result = body();
      this.run("COMMIT");
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #begin(): void {
    try {
      this.run("BEGIN IMMEDIATE");
    } catch (error) {
      if (isBusy(error)) this.#waitFor(STILL_BUSY_TIMEOUT_MS);
      throw error;
    }
    this.#waitFor(BUSY_TIMEOUT_MS);
  }

  #waitFor(ms: number): void {
    if (ms === this.#timeout) return;
    this.get(`PRAGMA busy_timeout = ${ms}`);
    this.#timeout = ms;
  }

  /** Runs several statements at once. For schemas: its errors carry no code. */
  script(sql: string): void {
    this.#open().exec(sql);
  }

  close(): void {
    const db = this.#db;
    this.#db = null;
    this.#statements.clear();
    try {
      db?.close();
    } catch {
      // A connection that cannot be closed after a disk error is left to the garbage collector.
    }
  }

  #rollback(): void {
    try {
      if (this.#db?.isTransaction) this.#prepare("ROLLBACK").run();
    } catch {
      this.close();
    }
  }

  #open(): DatabaseSync {
    if (this.#db) return this.#db;
    const { readOnly = false } = this.options;
    let db: DatabaseSync;
    try {
      // Never made here: a file that is gone (its disk is not mounted) must not be taken for an empty store. SQLite's own
      // "?mode=rw" would say so, but Deno lets a URI pass under -A alone; below is for a disk that goes just now.
      statSync(this.file);
      db = new DatabaseSync(this.file, { readOnly, timeout: BUSY_TIMEOUT_MS });
    } catch (cause) {
      throw new StoreUnavailable(`Cannot open ${this.file}: ${(cause as Error).message}`, { cause });
    }
    try {
      // Prepared, not executed: only so do their errors carry a code.
      db.prepare(`PRAGMA cache_size = -${CACHE_KIB}`).run();
      if (!readOnly) db.prepare("PRAGMA synchronous = FULL").run();
      if (this.#wasOpen && !db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get()) {
        throw new StoreUnavailable(`Cannot use ${this.file}: it is empty now; is its disk mounted?`);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    this.#timeout = BUSY_TIMEOUT_MS;
    this.#wasOpen = true;
    return this.#db = db;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#open().prepare(sql));
    return statement;
  }

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (breaksConnection(error)) this.close(); // its cache may not be what is on disk, or its disk is no longer there
      throw translate(error, this.file);
    }
  }
}

/** Text is read back only up to a zero character, so none is ever written. */
function storable(bound: Bound[]): Bound[] {
  return bound.map((value) => typeof value === "string" ? value.replaceAll("\0", "\uFFFD") : value);
}
