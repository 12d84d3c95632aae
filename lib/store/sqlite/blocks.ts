/**
 * Sums up the events in blocks of some thousand, so that a search for something rare passes over the rest.
 *
 * A block tells when its events were received, from which sources, of which types and coins. That costs a page for
 * hundreds of events, where an index would write one for each.
 *
 * @module
 */
import { BLOCK_SPAN, coinsOf } from "./block_coins.ts";
import type { Bound, Connection } from "./connection.ts";
import type { Transaction } from "./transaction.ts";

/** A block with more different sources or types than this counts as having them all. */
const MOST_NAMES = 64;

/** What a block takes note of in an event. */
export interface Noted {
  seq: number;
  source: string;
  type: string | null;
  coin: string | null;
  receivedAt: number;
}

/** Takes note of new events, and closes a block when it is full. */
export class Blocks {
  #open: Noted[] = [];
  #through = 0;

  /** @param most Events of a block. */
  constructor(private readonly db: Connection, private readonly most: number) {}

  /** Takes in what was appended and is not known yet. */
  load(): void {
    const { last } = this.db.get<{ last: number }>("SELECT coalesce(max(last), 0) AS last FROM blocks")!;
    this.#open = this.#open.filter(({ seq }) => seq > last); // another process may have closed a block
    this.#through = Math.max(this.#through, last);
    const rows = this.db.each<Noted>(
      "SELECT seq, source, type, coin, received_at AS receivedAt FROM events WHERE seq > ?",
      this.#through,
    );
    for (const row of rows) this.add(row);
  }

  /** Adds a committed event. */
  add({ seq, source, type, coin, receivedAt }: Noted): void {
    this.#open.push({ seq, source, type, coin, receivedAt });
    this.#through = seq;
  }

  /** Writes blocks of the events added before, when there are enough. Once in a transaction. */
  close(tx: Transaction): void {
    let closed = 0;
    while (this.#open.length - closed >= this.most) {
      const events = this.#open.slice(closed, closed + this.most);
      const far = events.findIndex(({ seq }) => seq - events[0]!.seq >= BLOCK_SPAN);
      if (far > 0) events.length = far;
      tx.db.run("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)", ...summaryOf(events));
      closed += events.length;
    }
    if (closed > 0) tx.afterCommit(() => this.#open.splice(0, closed));
  }
}

/** The row of a block. */
function summaryOf(events: readonly Noted[]): Bound[] {
  const { seq: first } = events[0]!;
  const sources = new Set<string>(), types = new Set<string | null>();
  let from = Infinity, to = -Infinity;
  for (const { source, type, receivedAt } of events) {
    sources.add(source);
    types.add(type);
    from = Math.min(from, receivedAt);
    to = Math.max(to, receivedAt);
  }
  return [first, events.at(-1)!.seq, from, to, listOf(sources), listOf(types), coinsOf(first, events)];
}

function listOf(names: ReadonlySet<string | null>): string | null {
  return names.size > MOST_NAMES ? null : JSON.stringify([...names]);
}
