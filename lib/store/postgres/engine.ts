/** A store in PostgreSQL: connections, transactions, and the news of them. @module */
import { failpoint } from "../../failpoint.ts";
import { type CommitNews, StoreUnusable } from "../contract.ts";
import type { Bound } from "./connection.ts";
import { mayComeUp, mayRunAgain, translate, translateAtOpen } from "./errors.ts";
import { type Locks, locksIn, lockSpace } from "./locks.ts";
import { migrate, type MigrateOptions } from "./migrations.ts";
import { Pool } from "./pool.ts";
import { Routes } from "./routes.ts";
import type { Settings } from "./settings.ts";
import { Transaction } from "./transaction.ts";

/** How a transaction differs from most. */
export interface TransactionOptions {
  /** It may be lost in a power cut: its commit does not wait for the disk. */
  lossy?: boolean;
  /** Routes that it refers to. */
  routes?: Iterable<string>;
  /** Longest that a statement of it may take, in place of what the settings say. */
  timeoutMs?: number;
}

/** How an engine is opened. */
export interface OpenEngine extends MigrateOptions {
  /** How long a database that is not up yet is waited for. */
  patienceMs: number;
}

/** How often a transaction is run again that others got in the way of. */
const RUNS = 5;
const ASK_AGAIN_MS = 500;
/** Clocks that differ by more would take each other's leases for ended. */
const MOST_SKEW_MS = 20_000;

/** Connections with what is remembered beside them. */
export class Engine {
  /** Called after each commit that has news. */
  onNews: (news: CommitNews) => void = () => {};
  readonly #locks: Locks;
  readonly #pool: Pool;
  readonly #routes: Routes;

  private constructor(readonly settings: Settings) {
    this.#pool = new Pool(settings);
    this.#routes = new Routes(this.#pool);
    this.#locks = locksIn(lockSpace(settings.schema));
  }

  /**
   * Connects and brings the tables to the newest version, or makes them.
   *
   * @throws {StoreUnusable} when that cannot be done; the message says what to do.
   */
  static async open(settings: Settings, options: OpenEngine): Promise<Engine> {
    const engine = new Engine(settings);
    const giveUpAt = performance.now() + options.patienceMs;
    for (;;) {
      try {
        await engine.#prepare(options);
        return engine;
      } catch (error) {
        if (mayComeUp(error) && performance.now() < giveUpAt) {
          await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
          continue;
        }
        await engine.close();
        throw translateAtOpen(error, settings.label);
      }
    }
  }

  async #prepare(options: OpenEngine): Promise<void> {
    await this.#pool.use("write", async (connection) => {
      const [server] = await connection.query<
        { encoding: string; fsync: string; now: number; version: number }
      >(
        `SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
           current_setting('server_version_num')::int AS version,
           extract(epoch FROM clock_timestamp())::float8 * 1000 AS now`,
      );
      if (server) examine(server, this.settings.label);
      await migrate(connection, this.settings, this.#locks, options);
    });
  }

  /** Runs a statement that only reads; answers its rows. */
  async read<Row>(sql: string, ...bound: Bound[]): Promise<Row[]> {
    try {
      return await this.#pool.use("read", (connection) => connection.query<Row>(sql, ...bound));
    } catch (error) {
      throw translate(error, this.settings.label);
    }
  }

  /** Runs `body` in one transaction, again from the start when others got in the way. */
  async write<T>(body: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    for (let run = 1;; run++) {
      try {
        await this.#routes.ensure(options.routes ?? []);
        return await this.#write(body, options);
      } catch (error) {
        if (!mayRunAgain(error) || run === RUNS) throw translate(error, this.settings.label);
        this.#routes.forget();
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #write<T>(body: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
    const { tx, result } = await this.#pool.use("write", async (connection) => {
      const tx = new Transaction(connection, this.#locks);
      connection.allow(options.timeoutMs ?? this.settings.timeoutMs);
      tx.script(beginning(options));
      try {
        const result = await body(tx);
        failpoint("committing");
        const word = tx.script("COMMIT");
        await tx.settled();
        failpoint("committed");
        if (await word !== "COMMIT") throw new Error("PostgreSQL rolled back what it was to commit");
        return { tx, result };
      } catch (error) {
        // Of a statement that nobody waited for, its body knows only that the next was refused.
        const first = await tx.settled().then(() => error, (first) => first);
        if (connection.usable) await connection.script("ROLLBACK").catch(() => connection.destroy());
        throw first;
      }
    });
    const news = tx.news();
    if (news) this.onNews(news);
    return result;
  }
}

function beginning({ lossy, timeoutMs }: TransactionOptions): string {
  return [
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    ...(lossy ? ["SET LOCAL synchronous_commit = off"] : []),
    ...(timeoutMs ? [`SET LOCAL statement_timeout = ${timeoutMs}`] : []),
  ].join("; ");
}

function examine(
  server: { encoding: string; fsync: string; now: number; version: number },
  label: string,
): void {
  const skew = Math.round(Math.abs(server.now - Date.now()) / 1000);
  const wrong = server.version < 130000
    ? "it is older than version 13. Upgrade it"
    : server.encoding !== "UTF8"
    ? `its encoding is ${server.encoding}. Make the database with ENCODING 'UTF8'`
    : server.fsync !== "on"
    ? "it runs with fsync = off, so a power cut would lose events. Set fsync = on in postgresql.conf"
    : skew * 1000 > MOST_SKEW_MS
    ? `its clock and this machine's differ by ${skew} s, so relays would take deliveries from each other. ` +
      "Keep both right with NTP"
    : null;
  if (wrong) throw new StoreUnusable(`Cannot use ${label}: ${wrong}`);
}
