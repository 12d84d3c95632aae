/**
 * Tells which stretches of the events can hold what is sought, so that a search for something rare passes over the
 * rest. A block sums up some thousand events: when they were received, from which sources, of which types.
 *
 * @module
 */
import type { EventFilter } from "../contract.ts";
import type { Connection } from "./connection.ts";
import type { Transaction } from "./transaction.ts";

/** A block with more different sources or types than this counts as having them all. */
const MOST_NAMES = 64;

/** What a block takes note of in an event. */
export interface Noted {
  seq: number;
  source: string;
  type: string | null;
  received_at: number;
}

/** Seqs from `first` up to and with `last`. */
export interface Range {
  first: number;
  last: number;
}

/** The blocks of the events; those since the last block are summed up in memory. */
export class Blocks {
  #through = 0;
  #count = 0;
  #first = 0;
  #receivedMin = Infinity;
  #receivedMax = -Infinity;
  #sources = new Set<string>();
  #types = new Set<string | null>();

  constructor(private readonly db: Connection, private readonly most: number) {}

  /** Takes in what was appended since. */
  load(): void {
    const { last } = this.db.get<{ last: number }>("SELECT coalesce(max(last), 0) AS last FROM blocks")!;
    if (last > this.#through) this.#reset(last); // another process closed a block
    const rows = this.db.each<Noted>(
      "SELECT seq, source, type, received_at FROM events WHERE seq > ?",
      this.#through,
    );
    for (const row of rows) this.add(row);
  }

  /** Adds a committed event. */
  add({ seq, source, type, received_at }: Noted): void {
    if (this.#count++ === 0) this.#first = seq;
    this.#through = seq;
    this.#receivedMin = Math.min(this.#receivedMin, received_at);
    this.#receivedMax = Math.max(this.#receivedMax, received_at);
    this.#sources.add(source);
    this.#types.add(type);
  }

  /** Writes the block when it is full. */
  close(tx: Transaction): void {
    if (this.#count < this.most) return;
    const through = this.#through;
    const names = (set: Set<string | null>) => set.size > MOST_NAMES ? null : JSON.stringify([...set]);
    tx.db.run(
      "INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)",
      this.#first,
      through,
      this.#receivedMin,
      this.#receivedMax,
      names(this.#sources),
      names(this.#types),
    );
    tx.afterCommit(() => this.#reset(through));
  }

  #reset(through: number): void {
    this.#through = through;
    this.#count = 0;
    this.#receivedMin = Infinity;
    this.#receivedMax = -Infinity;
    this.#sources.clear();
    this.#types.clear();
  }
}

/** The stretches, in order, outside of which no event passes the filter. */
export function rangesOf(db: Connection, filter: EventFilter): Range[] {
  const type = filter.notUnderstood ? null : filter.type;
  const rows = db.all<Range>(
    `SELECT first, last FROM blocks
     WHERE received_max >= ? AND received_min < ?
       AND (?3 IS NULL OR sources IS NULL OR EXISTS (SELECT 1 FROM json_each(sources) WHERE value = ?3))
       AND (?4 = 0 OR types IS NULL OR EXISTS (SELECT 1 FROM json_each(types) WHERE value IS ?5))
     ORDER BY first`,
    filter.since ?? Number.MIN_SAFE_INTEGER,
    filter.until ?? Number.MAX_SAFE_INTEGER,
    filter.source ?? null,
    Number(type !== undefined),
    type ?? null,
  );
  const { last } = db.get<{ last: number }>("SELECT coalesce(max(last), 0) AS last FROM blocks")!;
  rows.push({ first: last + 1, last: Number.MAX_SAFE_INTEGER });
  return joined(rows);
}

/** Joins stretches that follow one another. */
function joined(ranges: readonly Range[]): Range[] {
  const answer: Range[] = [];
  for (const range of ranges) {
    const before = answer.at(-1);
    if (before && range.first <= before.last + 1) before.last = range.last;
    else answer.push({ ...range });
  }
  return answer;
}
