/** Moves what was committed from the log into the database, without making the commits wait. @module */
import type { Connection } from "./connection.ts";
import type { HelperThread } from "./helper_thread.ts";

/** Commits between two looks at the log's size. */
const LOOK_EVERY = 32;
/** Pages in the log from which on it is checkpointed. */
const MANY_PAGES = 1000;
/** Pages from which on this thread moves the last of them itself. */
const TOO_MANY_PAGES = 8000;
/** Checkpoints that are further apart than this are rare enough to be done in this thread, in milliseconds. */
const RARE_MS = 20_000;

/** How many pages the log holds, and how many of them are in the database too. */
export interface LogSize {
  log: number;
  checkpointed: number;
}

/** Decides when to checkpoint, and where: in this thread while commits are few, in another while they are many. */
export class Checkpoints {
  #commits = 0;
  #last = performance.now();
  #running = false;

  constructor(private readonly db: Connection, private readonly thread: HelperThread) {}

  /** To be called after each commit. Never throws: the commit has succeeded. */
  consider(): void {
    if (++this.#commits % LOOK_EVERY !== 0 || this.#running) return;
    try {
      const { log, checkpointed } = checkpoint(this.db, "NOOP");
      if (log - checkpointed < MANY_PAGES) return;
      const rare = performance.now() - this.#last > RARE_MS;
      this.#last = performance.now();
      if (rare) checkpoint(this.db, "PASSIVE");
      else this.#runBeside();
    } catch {
      // What hinders a checkpoint hinders the next commit, which tells.
    }
  }

  /** Moves all of the log into the database and empties it, unless somebody still reads it; answers whether. */
  beginAnew(): boolean {
    return this.db.get<{ busy: number }>("PRAGMA wal_checkpoint = TRUNCATE")!.busy === 0;
  }

  async #runBeside(): Promise<void> {
    this.#running = true;
    try {
      await this.thread.ask("checkpoint");
      // The log begins anew only when all of it is moved: where commits never pause, the other thread may not get there.
      if (checkpoint(this.db, "NOOP").log >= TOO_MANY_PAGES) checkpoint(this.db, "PASSIVE");
    } catch {
      // The log grows until a checkpoint works again.
    } finally {
      this.#running = false;
    }
  }
}

/** Checkpoints in a way that SQLite knows, `NOOP` not at all, and tells what there is in the log afterwards. */
export function checkpoint(db: Connection, mode: "NOOP" | "PASSIVE"): LogSize {
  const { log, checkpointed } = db.get<LogSize>(`PRAGMA wal_checkpoint = ${mode}`)!;
  return { log, checkpointed };
}
