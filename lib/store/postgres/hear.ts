/** Hears what other relays have committed. @module */
import type { CommitNews } from "../contract.ts";
import { Connection } from "./connection.ts";
import type { Settings } from "./settings.ts";
import { PENDING } from "../states.ts";

/** How often the database is asked for what no notification told: those may get lost, and are but hints. */
const ASK_EVERY_MS = 5000;
/** Wait before a connection that broke is made anew. */
const CONNECT_AGAIN_MS = 1000;

/** What travels from relay to relay. */
export interface Message {
  /** Who says so. */
  from: string;
  seq: number | null;
  /** Null: any may have work. */
  routes: string[] | null;
}

/** The channel that the relays of a schema share. */
export function channelOf({ schema }: Pick<Settings, "schema">): string {
  return `coinrelay_${schema}`;
}

/** Listens on a connection of its own, for as long as the store is open. */
export class Hearing {
  readonly #running: Promise<void>;
  #connection: Connection | null = null;
  /** Ends the pause that is under way. */
  #wake = () => {};
  /** Whether something was said that was not heard. */
  #missed = false;
  #closed = false;

  /**
   * @param me Whose messages are not to be heard.
   * @param lastSeq The highest seq that needs no telling.
   * @param onNews Called with what others have committed.
   */
  constructor(
    private readonly settings: Settings,
    private readonly me: string,
    private lastSeq: number,
    private readonly onNews: (news: CommitNews) => void,
  ) {
    this.#running = this.#run();
  }

  /** Tells what this relay itself has committed, so that it is not taken for another's. */
  know(seq: number): void {
    this.lastSeq = Math.max(this.lastSeq, seq);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    this.#connection?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#hear().catch(() => {}); // the store tells by itself that the database is away
      this.#missed = true;
      this.#connection?.destroy();
      this.#connection = null;
      await this.#pause(CONNECT_AGAIN_MS);
    }
  }

  async #hear(): Promise<void> {
    this.#connection = await Connection.open(
      this.settings,
      (ended) => {
        if (ended === this.#connection) this.#wake();
      },
      (payload) => this.#heard(JSON.parse(payload)),
    );
    await this.#connection.script(`LISTEN "${channelOf(this.settings)}"`);
    for (; !this.#closed && this.#connection.usable; this.#missed = false) {
      await this.#ask(this.#missed);
      await this.#pause(ASK_EVERY_MS);
    }
  }

  #heard({ from, seq, routes }: Message): void {
    if (from === this.me) return;
    if (routes === null) void this.#ask(true).catch(() => {});
    else this.#tell(seq, routes);
  }

  /** Asks for the newest event, and tells when it, or with `always` anything, may not have been told. */
  async #ask(always: boolean): Promise<void> {
    const [row] = await this.#connection!.query<{ seq: number | null; routes: string[] | null }>(
      `SELECT (SELECT seq FROM events ORDER BY seq DESC LIMIT 1) AS seq, (
         SELECT json_agg(name) FROM routes r
         WHERE EXISTS (SELECT FROM deliveries d WHERE d.route = r.id AND d.state = ${PENDING})
       ) AS routes`,
    );
    const seq = row?.seq ?? 0;
    if (always || seq > this.lastSeq) this.#tell(seq, row?.routes ?? []);
  }

  #tell(seq: number | null, routes: string[]): void {
    const lastSeq = seq !== null && seq > this.lastSeq ? seq : null;
    if (lastSeq !== null) this.know(lastSeq);
    if (lastSeq !== null || routes.length > 0) this.onNews({ lastSeq, routes });
  }

  /** Waits so long, or until it is woken. */
  async #pause(ms: number): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}
