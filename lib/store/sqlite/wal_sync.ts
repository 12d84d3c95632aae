/** Syncs the write-ahead log, beside the thread that writes it where that takes long. @module */

/** What of a file is needed to sync it. */
export interface Syncable {
  syncData(): Promise<void>;
  syncDataSync(): void;
  close(): void;
}

/** A disk that usually syncs in less time than this, in milliseconds, is waited for: to be called back takes as long. */
const QUICK_MS = 0.5;
/** How much the latest sync counts for what is usual. */
const LATEST = 1 / 8;

/**
 * Brings what was committed onto the disk.
 *
 * With `synchronous = NORMAL` a commit writes to the log and does not wait for the disk. {@linkcode flush} then does
 * what `synchronous = FULL` does (`fdatasync` of the log), but once for all who wait, and beside the thread unless the
 * disk is quick.
 */
export class WalSync {
  #file: Promise<Syncable> | null = null;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #suspect = false;
  #usualMs = QUICK_MS;

  /** @param now Milliseconds since any moment. */
  constructor(
    private readonly open: () => Promise<Syncable>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Whether a sync has failed. A system tells of what it could not write once: the next sync succeeds all the same, and
   * a log is read up to its first gap. So no sync is believed any more until {@linkcode begunAnew}.
   */
  get suspect(): boolean {
    return this.#suspect;
  }

  /** Says that all that was in the log is on disk elsewhere, and that it begins anew. */
  begunAnew(): void {
    this.#suspect = false;
  }

  /** Resolves once all that was committed before the call is on disk. Rejects when the disk fails, or is suspect. */
  flush(): Promise<void> {
    if (this.#running === null) return this.#run();
    // The sync that runs may have begun before the commit: the next one does for all who ask until it begins.
    const next = () => {
      this.#next = null;
      return this.#run();
    };
    return this.#next ??= this.#running.then(next, next);
  }

  /** Lets go of the file. It is opened again when it is needed: it may be another by then. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await Promise.allSettled([this.#running, this.#next]);
    await file?.then((opened) => opened.close(), () => {});
  }

  #run(): Promise<void> {
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    return this.#running = running;
  }

  async #sync(): Promise<void> {
    const file = this.#file ??= this.open();
    try {
      const opened = await file;
      const began = this.now();
      if (this.#usualMs < QUICK_MS) opened.syncDataSync();
      else await opened.syncData();
      this.#usualMs += (this.now() - began - this.#usualMs) * LATEST;
    } catch (error) {
      this.#suspect = true;
      if (this.#file === file) { // else whoever let go of it meanwhile closes it
        this.#file = null; // to be opened again
        file.then((opened) => opened.close(), () => {});
      }
      throw error;
    }
    if (this.#suspect) throw new Error("a sync before it has failed");
  }
}
