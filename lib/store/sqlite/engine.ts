/** A store in one SQLite file: its transactions. {@linkcode SqliteStore} gives it the shape of a `Store`. @module */
import { failpoint } from "../../failpoint.ts";
import { type CommitNews, StoreUnavailable } from "../contract.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Connection } from "./connection.ts";
import { isBusy, translateAtOpen } from "./errors.ts";
import { EventLog } from "./event_log.ts";
import { giveBack } from "./give_back.ts";
import { expectNewest, migrate } from "./migrations.ts";
import { RouteIds } from "./routes.ts";
import type { Sizes } from "./sizes.ts";
import { HelperThread } from "./helper_thread.ts";
import { Transaction } from "./transaction.ts";
import { WalSync } from "./wal_sync.ts";

/** How an engine works. */
export interface EngineOptions {
  /** A relay writes too: what it may change is not kept in memory from one transaction to the next. */
  shared: boolean;
  sizes: Sizes;
}

/** How long a transaction waits for another process to end its own, in milliseconds. */
const PATIENCE_MS = 2000;
const LOOK_AGAIN_MS = 10;
/** How long it may block this thread in between. */
const BLOCKED_MS = 20;

/** When that which nobody waits for is synced, if nothing else was meanwhile. */
const SOON_MS = 20;

/** A connection with what is remembered beside it. */
export class Engine {
  /** Called after each commit that has news. */
  onNews: (news: CommitNews) => void = () => {};
  readonly db: Connection;
  readonly routes: RouteIds;
  readonly log: EventLog;
  readonly thread: HelperThread;
  readonly #sync: WalSync;
  readonly #checkpoints: Checkpoints;
  #dataVersion = 0;
  #soon: ReturnType<typeof setTimeout> | undefined;
  /** How often a sync was asked for. */
  #flushes = 0;
  /** Whether the file was not in its place when it was last looked for. */
  #displaced = false;

  constructor(readonly file: string, private readonly options: EngineOptions) {
    this.#sync = new WalSync(() => Deno.open(`${file}-wal`, { read: true, write: true }));
    this.db = new Connection(file, { onOpen: () => void this.#sync.close() });
    this.routes = new RouteIds(this.db);
    this.thread = new HelperThread(file);
    this.log = new EventLog(this.db, options.sizes, options.shared);
    this.#checkpoints = new Checkpoints(this.db, this.thread);
    try {
      if (options.shared) expectNewest(this.db);
      else {
        migrate(this.db);
        this.log.catchUp();
      }
      this.db.waitAtMost(BLOCKED_MS); // what is written waits its turn without blocking; see write
      if (!options.shared) this.#leaveOldLog();
    } catch (error) {
      this.db.close();
      throw translateAtOpen(error, file);
    }
  }

  /**
   * Runs `body` in one write transaction, and waits until the commit survives a crash of the process, or, when it is
   * to be `synced`, of the machine. Waits its turn when another process writes.
   */
  async write<T>(body: (tx: Transaction) => T, { synced = false } = {}): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    while (true) {
      try {
        const { result, news } = this.#commit(body);
        try {
          if (synced) await this.#flush();
        } finally {
          // After a sync that failed too: it stays committed, and whoever claims it first has it brought to the disk.
          if (news) this.onNews(news);
        }
        this.#checkpoints.consider();
        return result;
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw error;
        await new Promise((wake) => setTimeout(wake, LOOK_AGAIN_MS));
      }
    }
  }

  /** Brings what was committed onto the disk before long, with what is synced meanwhile anyway, and waits for nothing. */
  syncSoon(): void {
    if (this.#soon !== undefined) return;
    const flushes = this.#flushes;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      if (this.#flushes === flushes) this.#flush().catch(() => {}); // what is written next tells
    }, SOON_MS);
  }

  /**
   * Gives back all that runs: for a relay that has the file to itself and runs nothing yet.
   *
   * @throws {StoreUnusable} when that cannot be written: neither could anything else.
   */
  async recover(): Promise<void> {
    try {
      await this.write((tx) => giveBack(tx, "the relay stopped while it ran"));
    } catch (error) {
      throw translateAtOpen(error, this.file);
    }
  }

  /**
   * Looks whether the file is in its place. Where it is not, nothing is written until it is again. To be called now and
   * then: to look before each commit would hold up whoever waits for it.
   *
   * @throws {StoreUnavailable} when it is not.
   */
  expectInPlace(): void {
    this.#displaced = true;
    this.db.expectInPlace();
    this.#displaced = false;
  }

  /** What another process has committed since the last call: not known exactly, so all routes may have work. */
  newsFromElsewhere(): CommitNews | null {
    try {
      const version = this.db.get<{ data_version: number }>("PRAGMA data_version")!.data_version;
      const changed = this.#dataVersion !== 0 && version !== this.#dataVersion;
      this.#dataVersion = version;
      return changed ? { lastSeq: this.#lastSeq(), routes: this.routes.names() } : null;
    } catch {
      return null; // whatever hinders it hinders the next write too, which says so
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#soon);
    await this.thread.close();
    await this.#sync.close();
    this.db.close();
  }

  #commit<T>(body: (tx: Transaction) => T): { result: T; news: CommitNews | null } {
    if (this.#displaced) this.expectInPlace();
    if (this.#sync.suspect) this.#heal();
    if (this.options.shared) this.routes.clear();
    const tx = new Transaction(this.db, this.routes, this.log);
    try {
      const result = this.db.transaction(() => {
        const answer = body(tx);
        tx.finish();
        failpoint("committing");
        return answer;
      });
      failpoint("committed");
      tx.committed();
      return { result, news: tx.news() };
    } catch (error) {
      this.routes.clear();
      throw error;
    }
  }

  async #flush(): Promise<void> {
    this.#flushes++;
    try {
      await this.#sync.flush();
    } catch (cause) {
      throw new StoreUnavailable(
        `Cannot sync ${this.file}-wal: ${(cause as Error).message}. Check the disk`,
        { cause },
      );
    }
  }

  /**
   * After a failed sync the log cannot be trusted to reach the disk, so all of it is written into the database, which
   * is synced then, and a new one is begun. Until that has worked, nothing is accepted, and nothing is called a
   * duplicate.
   */
  #heal(): void {
    if (!this.#checkpoints.beginAnew()) {
      throw new StoreUnavailable(`Cannot sync ${this.file}: it is in use. It is tried again`);
    }
    this.#sync.begunAnew();
  }

  /** A log that was left by a process which was killed may hold what that one could not sync, unknown to this one. */
  #leaveOldLog(): void {
    try {
      this.#checkpoints.beginAnew();
    } catch {
      // What hinders this hinders the first commit, which tells.
    }
  }

  #lastSeq(): number | null {
    return this.db.get<{ seq: number | null }>("SELECT max(seq) AS seq FROM events")!.seq;
  }
}
