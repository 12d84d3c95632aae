/** The connections of one relay: few, made when needed, and made anew after they broke. @module */
import { Connection } from "./connection.ts";
import { ConnectionLost } from "./errors.ts";
import type { Settings } from "./settings.ts";

/** What a connection is wanted for. Readers leave some to the writers, so that no dashboard delays an ack. */
export type Purpose = "write" | "read";

/** Connections that only writers get, where there are so many. */
const KEPT_FOR_WRITERS = 2;
/** After one could not be made: wait before another is made beside those that there are, in milliseconds. */
const MAKE_AGAIN_MS = 500;

interface Waiting {
  purpose: Purpose;
  resolve(connection: Connection): void;
  reject(error: unknown): void;
}

/** Lends connections. */
export class Pool {
  readonly #live = new Set<Connection>();
  readonly #idle: Connection[] = [];
  #waiting: Waiting[] = [];
  #making = 0;
  /** Runs for a while after a connection could not be made. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  #closed: PromiseWithResolvers<void> | null = null;

  constructor(private readonly settings: Settings) {}

  /**
   * Lends a connection to `work`, which has it to itself.
   *
   * @throws {ConnectionLost} when none can be made, or all were busy for too long.
   */
  async use<T>(purpose: Purpose, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#acquire(purpose);
    try {
      return await work(connection);
    } finally {
      if (connection.usable) this.#idle.push(connection);
      this.#serve();
    }
  }

  /** Waits for what runs, then closes all. */
  async close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    this.#serve();
    await this.#closed.promise;
  }

  #acquire(purpose: Purpose): Promise<Connection> {
    if (this.#closed) return Promise.reject(new ConnectionLost("the store is closed"));
    return new Promise((resolve, reject) => {
      const { connections, timeoutMs } = this.settings;
      const patience = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(new ConnectionLost(`all ${connections} connections were busy for ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const waiting: Waiting = {
        purpose,
        resolve(connection) {
          clearTimeout(patience);
          resolve(connection);
        },
        reject(error) {
          clearTimeout(patience);
          reject(error);
        },
      };
      const firstReader = this.#waiting.findIndex((one) => one.purpose === "read");
      if (purpose === "read" || firstReader < 0) this.#waiting.push(waiting);
      else this.#waiting.splice(firstReader, 0, waiting);
      this.#serve();
    });
  }

  /** Gives idle connections to those who wait, and makes more where there may be more. */
  #serve(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const connection = this.#idle.pop();
      if (connection) {
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        next.resolve(connection);
      } else {
        if (!this.#mayMake() || this.#making >= this.#waiting.length) break;
        void this.#make();
      }
    }
    if (
      this.#closed && this.#waiting.length === 0 && this.#making === 0 &&
      this.#idle.length === this.#live.size
    ) {
      void this.#closeIdle(this.#closed);
    }
  }

  /** Who is to have the next connection. */
  #next(): Waiting | undefined {
    const { connections } = this.settings;
    const free = connections - (this.#live.size - this.#idle.length);
    const kept = Math.min(KEPT_FOR_WRITERS, connections - 1);
    return this.#waiting.find(({ purpose }) => free > (purpose === "write" ? 0 : kept));
  }

  #mayMake(): boolean {
    const count = this.#live.size + this.#making;
    // Where there is none, the next who asks learns at once how it stands.
    return count < this.settings.connections && (this.#pause === undefined || count === 0);
  }

  async #make(): Promise<void> {
    this.#making++;
    const [made] = await Promise.allSettled([
      Connection.open(this.settings, (ended) => this.#drop(ended)),
    ]);
    this.#making--;
    if (made.status === "rejected") {
      this.#failed(made.reason);
    } else if (!made.value.usable) {
      this.#failed(new ConnectionLost("the connection broke"));
    } else {
      this.#live.add(made.value);
      this.#idle.push(made.value);
    }
    this.#serve();
  }

  #failed(error: unknown): void {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#serve();
    }, MAKE_AGAIN_MS);
    // Where others are connected or being connected, those who wait get one of theirs.
    if (this.#live.size + this.#making > 0) return;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  #drop(connection: Connection): void {
    this.#live.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#serve();
  }

  async #closeIdle(closed: PromiseWithResolvers<void>): Promise<void> {
    clearTimeout(this.#pause);
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()));
    closed.resolve();
  }
}
