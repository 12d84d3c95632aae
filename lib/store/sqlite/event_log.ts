/** The events: knows which are stored, and takes new ones in. @module */
import type { StoredEvent } from "../../nouns.ts";
import type { NewEvent } from "../contract.ts";
import { Blocks } from "./blocks.ts";
import type { Bound, Connection } from "./connection.ts";
import { insertMany } from "./insert_many.ts";
import { idKey, KnownIds } from "./known_ids.ts";
import { EVENT_COLUMNS } from "./rows.ts";
import type { Sizes } from "./sizes.ts";
import { storable } from "../storable.ts";
import type { Transaction } from "./transaction.ts";

/** An event that is about to be committed, its texts as they are kept. */
export interface Fresh {
  seq: number;
  source: string;
  id: string;
  /** `idKey` of its id. */
  key: number;
  type: string | null;
  coin: string | null;
  receivedAt: number;
  event: Omit<NewEvent, "deliveries">;
}

/** The table `events` with what finds events in it. */
export class EventLog {
  readonly ids: KnownIds;
  readonly #blocks: Blocks;
  #lastSeq = 0;

  /** @param shared Another process has the file to itself but for this one. */
  constructor(private readonly db: Connection, sizes: Sizes, shared: boolean) {
    this.ids = new KnownIds(db, sizes, !shared);
    this.#blocks = new Blocks(db, sizes.blockEvents);
  }

  /** Takes in what this process does not know yet. Inside a transaction before events are appended. */
  catchUp(): void {
    const { seq } = this.db.get<{ seq: number }>(
      `SELECT max((SELECT coalesce(max(seq), 0) FROM events),
                  (SELECT value FROM marks WHERE name = 'last_seq')) AS seq`,
    )!;
    if (seq === this.#lastSeq) return;
    this.ids.load(seq);
    this.#blocks.load();
    this.#lastSeq = seq;
  }

  /**
   * Takes events into the transaction, to be inserted afterwards: null in the place of each whose source and id are
   * known, from before or from earlier in the list.
   */
  take(tx: Transaction, events: readonly NewEvent[]): (Fresh | null)[] {
    const candidates = events.map((event) => freshOf(0, event));
    const isKnown = this.#knower(tx, candidates);
    return candidates.map((fresh) => {
      if (isKnown(fresh)) return null;
      fresh.seq = this.#lastSeq + tx.fresh.length + 1;
      tx.take(fresh);
      return fresh;
    });
  }

  /** Takes in and inserts events that have their seqs already, but for those that are here. In the order of seqs. */
  adopt(tx: Transaction, events: readonly StoredEvent[]): void {
    this.catchUp();
    const taken = events.filter(({ seq }) => seq > this.#lastSeq).map((event) => freshOf(event.seq, event));
    for (const fresh of taken) tx.take(fresh);
    this.insert(tx, taken);
  }

  /** Inserts events that were taken in. */
  insert(tx: Transaction, events: readonly Fresh[]): void {
    const values: Bound[] = [];
    for (const { seq, source, id, type, coin, event } of events) {
      values.push(seq, source, id, type, coin, event.receivedAt, event.timestamp, event.signature);
      values.push(event.test ? 1 : 0, event.depth, event.body);
    }
    insertMany(tx.db, `INSERT INTO events (${EVENT_COLUMNS})`, 11, values);
  }

  /** Before the commit of a transaction that has taken events in. */
  finish(tx: Transaction): void {
    const { fresh } = tx;
    this.ids.makeRoom(tx, fresh.length);
    this.#blocks.close(tx);
    tx.afterCommit(() => {
      for (const one of fresh) {
        this.ids.add(one.key, one.seq);
        this.#blocks.add(one);
      }
      this.#lastSeq = fresh.at(-1)!.seq;
    });
  }

  /** Tells of each of `events` whether it was stored before, or is in the transaction. */
  #knower(tx: Transaction, events: readonly Fresh[]): (event: Fresh) => boolean {
    const seqs = this.ids.withKeys(events.map(({ key }) => key));
    const anyRemembered = this.db.get("SELECT 1 FROM remembered LIMIT 1") !== undefined;
    return (event) => {
      const { key, id, source } = event;
      if (tx.has(event)) return true;
      const isIt = (seq: number) =>
        this.db.get("SELECT 1 FROM events WHERE seq = ? AND id = ? AND source = ?", seq, id, source);
      if (seqs.get(key)?.some(isIt)) return true;
      return anyRemembered &&
        this.db.get("SELECT 1 FROM remembered WHERE id = ? AND source = ?", id, source) !== undefined;
    };
  }
}

function freshOf(seq: number, event: Fresh["event"]): Fresh {
  const id = storable(event.id);
  return {
    seq,
    source: storable(event.source),
    id,
    key: idKey(id),
    type: event.type === null ? null : storable(event.type),
    coin: event.coin === null ? null : storable(event.coin),
    receivedAt: event.receivedAt,
    event,
  };
}
