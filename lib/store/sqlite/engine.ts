/** A store in one SQLite file, its every method in one go. {@linkcode SqliteStore} gives it the shape of a `Store`. @module */
import { failpoint } from "../../failpoint.ts";
import type { CommitNews } from "../contract.ts";
import { Connection } from "./connection.ts";
import { translateAtOpen } from "./errors.ts";
import { giveBack } from "./give_back.ts";
import { migrate } from "./migrations.ts";
import { RouteIds } from "./routes.ts";
import { Transaction } from "./transaction.ts";

/** A connection with what is remembered beside it. */
export class Engine {
  readonly db: Connection;
  readonly routes: RouteIds;
  #dataVersion = 0;

  /** @param onNews Called after each commit that has news. */
  constructor(file: string, private readonly onNews: (news: CommitNews) => void) {
    this.db = new Connection(file);
    this.routes = new RouteIds(this.db);
    try {
      migrate(this.db);
    } catch (error) {
      this.db.close();
      throw translateAtOpen(error, file);
    }
  }

  /** Runs `body` in one write transaction. */
  write<T>(body: (tx: Transaction) => T): T {
    const tx = new Transaction(this.db, this.routes);
    let result: T;
    try {
      result = this.db.transaction(() => {
        const answer = body(tx);
        tx.finish();
        failpoint("committing");
        return answer;
      });
      failpoint("committed");
    } catch (error) {
      this.routes.clear();
      throw error;
    }
    const news = tx.news();
    if (news) this.onNews(news);
    return result;
  }

  /**
   * Gives back all that runs: for a relay that has the file to itself and runs nothing yet.
   *
   * @throws {StoreUnusable} when that cannot be written: neither could anything else.
   */
  recover(): void {
    try {
      this.write((tx) => giveBack(tx, "the relay stopped while it ran"));
    } catch (error) {
      this.db.close();
      throw translateAtOpen(error, this.db.file);
    }
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

  #lastSeq(): number | null {
    return this.db.get<{ seq: number | null }>("SELECT max(seq) AS seq FROM events")!.seq;
  }
}
