/** One connection to a database file: statements, transactions, and starting afresh after a disk error. @module */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { StoreUnavailable } from "../contract.ts";
import { breaksConnection, translate } from "./errors.ts";
import { storable } from "../storable.ts";

/** What may be bound to a statement's `?`. */
export type Bound = SQLInputValue;

/** How long a statement waits for another process at first, in milliseconds. */
const BUSY_TIMEOUT_MS = 2000;
/** Page cache of a connection, in KiB. */
const CACHE_KIB = 4096;
/** Pages in the log at which a commit checkpoints by itself, when nobody else did. */
const AUTOCHECKPOINT_PAGES = 32_768;

/** How a connection is opened. */
export interface ConnectionOptions {
  readOnly?: boolean;
  /** Called whenever the file was opened: at first, and again after a disk error. */
  onOpen?: () => void;
}

/** A connection. Errors for which the file or the disk is to blame are thrown as `StoreUnavailable`. */
export class Connection {
  #db: DatabaseSync | null = null;
  #wasOpen = false;
  #closed = false;
  #busyTimeoutMs = BUSY_TIMEOUT_MS;
  #statements = new Map<string, StatementSync>();

  constructor(readonly file: string, private readonly options: ConnectionOptions = {}) {}

  /** From now on a statement waits so long for another process. It blocks the thread meanwhile. */
  waitAtMost(ms: number): void {
    this.#busyTimeoutMs = ms;
    this.get(`PRAGMA busy_timeout = ${ms}`);
  }

  /** Runs a statement that answers no rows; answers how many rows it changed. */
  run(sql: string, ...bound: Bound[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...storableBounds(bound)).changes));
  }

  /** The first row. */
  get<Row>(sql: string, ...bound: Bound[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...storableBounds(bound)) as Row | undefined);
  }

  /** All rows. */
  all<Row>(sql: string, ...bound: Bound[]): Row[] {
    return this.#guard(() => this.#prepare(sql).all(...storableBounds(bound)) as Row[]);
  }

  /** The rows one by one, for those that are too many to hold. Whoever stops early lets go of the database. */
  *each<Row>(sql: string, ...bound: Bound[]): Generator<Row> {
    // Prepared for this once: a statement that is kept may be asked for again while its rows are still coming.
    const rows = this.#guard(() => this.#open().prepare(sql).iterate(...storableBounds(bound)));
    try {
      for (let row = this.#guard(() => rows.next()); !row.done; row = this.#guard(() => rows.next())) {
        yield row.value as Row;
      }
    } finally {
      rows.return?.();
    }
  }

  /** Runs `body` in one write transaction: all of it happens, or, when it throws, none of it. */
  transaction<T>(body: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = body();
      this.run("COMMIT");
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /**
   * Whether the file and its log are still where they were. Neither SQLite nor the system minds when they are deleted
   * while they are open, but what is written then is gone with the process.
   *
   * @throws {StoreUnavailable} when they are not.
   */
  expectInPlace(): void {
    for (const path of [this.file, `${this.file}-wal`]) {
      try {
        Deno.statSync(path);
      } catch (cause) {
        throw new StoreUnavailable(
          `Cannot use ${path}: it was moved away or deleted, and what is written now would be lost. Put it back, or ` +
            `start the relay anew`,
          { cause },
        );
      }
    }
  }

  /** Runs several statements at once. For schemas: its errors carry no code. */
  script(sql: string): void {
    this.#open().exec(sql);
  }

  /** Whatever is asked afterwards is refused. */
  close(): void {
    this.letGo();
    this.#closed = true;
  }

  /** Closes the file, until something is asked again. */
  letGo(): void {
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
      this.letGo();
    }
  }

  #open(): DatabaseSync {
    if (this.#db) return this.#db;
    if (this.#closed) throw new StoreUnavailable("The store is closed");
    const { readOnly = false } = this.options;
    let db: DatabaseSync;
    try {
      // Never made here: a file that is gone (its disk is not mounted) must not be taken for an empty store. SQLite's own
      // "?mode=rw" would say so, but Deno lets a URI pass under -A alone; below is for a disk that goes just now.
      Deno.statSync(this.file);
      db = new DatabaseSync(this.file, { readOnly, timeout: this.#busyTimeoutMs });
    } catch (cause) {
      throw new StoreUnavailable(`Cannot open ${this.file}: ${(cause as Error).message}`, { cause });
    }
    try {
      const pragmas = [`cache_size = -${CACHE_KIB}`];
      // See WalSync: it does what FULL would add.
      if (!readOnly) pragmas.push("synchronous = NORMAL", `wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`);
      for (const pragma of pragmas) db.prepare(`PRAGMA ${pragma}`).all(); // prepared: so its errors carry a code
      if (this.#wasOpen && !db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get()) {
        throw new StoreUnavailable(`Cannot use ${this.file}: it is empty now; is its disk mounted?`);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    this.#wasOpen = true;
    this.options.onOpen?.();
    return db;
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
      if (breaksConnection(error)) this.letGo(); // its cache may not be what is on disk, or its disk is no longer there
      throw translate(error, this.file);
    }
  }
}

/** In place: many rows have many. */
function storableBounds(bound: Bound[]): Bound[] {
  for (let index = 0; index < bound.length; index++) {
    const value = bound[index]!;
    if (typeof value === "string") bound[index] = storable(value);
  }
  return bound;
}
