/** One write transaction, and what others are to know of it. @module */
import type { CommitNews } from "../contract.ts";
import type { Bound, Connection } from "./connection.ts";
import type { Locks } from "./locks.ts";

/**
 * A transaction under way. Statements go out at once, one after the other; those whose answer its body does not wait
 * for are waited for at the end, together with the commit.
 */
export class Transaction {
  readonly #parts: Promise<unknown>[] = [];
  readonly #due = new Set<string>();
  #lastSeq: number | null = null;

  constructor(
    private readonly connection: Connection,
    readonly locks: Locks,
  ) {}

  /** Runs a statement; answers its rows. */
  query<Row>(sql: string, ...bound: Bound[]): Promise<Row[]> {
    return this.also(this.connection.query<Row>(sql, ...bound));
  }

  /** Runs statements without parameters. */
  script(sql: string): Promise<string> {
    return this.also(this.connection.script(sql));
  }

  /**
   * Makes `work` a part of the transaction: nobody else need wait for it, and its failure is the transaction's. Only
   * what the database refuses may fail it: the commit may be on its way already.
   */
  also<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {}); // settled() throws it
    this.#parts.push(work);
    return work;
  }

  /** Tells that a route has work due. */
  due(route: string): void {
    this.#due.add(route);
  }

  /** Tells that an event was appended. */
  appended(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq ?? 0, seq);
  }

  /** Waits for all parts; throws the first error, of which others are the consequence. */
  async settled(): Promise<void> {
    for (let waited = 0; waited < this.#parts.length; waited++) await this.#parts[waited];
  }

  /** What the commit brought; null when nobody need know. */
  news(): CommitNews | null {
    if (this.#lastSeq === null && this.#due.size === 0) return null;
    return { lastSeq: this.#lastSeq, routes: [...this.#due] };
  }
}
