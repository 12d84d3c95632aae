/** The store in one SQLite file. @module */
import type { Delivery, DeliveryState, StoredEvent } from "../../nouns.ts";
import type {
  Appended,
  ClaimRequest,
  ClaimResult,
  CommitNews,
  DeliveryFilter,
  EventFilter,
  NewEvent,
  PageRequest,
  ReplayWish,
  Settlement,
  Store,
} from "../contract.ts";
import { append } from "./append.ts";
import { claim } from "./claim.ts";
import { Engine } from "./engine.ts";
import { Joint } from "./joint.ts";
import { listDeliveries } from "./list_deliveries.ts";
import { listEvents } from "./list_events.ts";
import * as manage from "./manage.ts";
import { expectNotMoved } from "./moved.ts";
import { prune } from "./prune.ts";
import { SqliteReads } from "./reads.ts";
import { renew } from "./renew.ts";
import * as rewind from "./rewind.ts";
import { settle } from "./settle.ts";
import { discardable } from "../states.ts";
import type { Sizes } from "./sizes.ts";
import { storable } from "../storable.ts";
import type { Transaction } from "./transaction.ts";
import { createTurns } from "./turns.ts";

/** Deliveries that one transaction changes when a person changes many. */
const STEP = 100;
/** How often a relay looks whether a command beside it has written, in milliseconds. */
const LOOK_EVERY_MS = 250;

/** A {@linkcode Store} on an {@linkcode Engine}. */
export class SqliteStore extends SqliteReads implements Store {
  readonly #engine: Engine;
  /** For what a relay asks as long as it works. */
  readonly #joint: Joint;
  readonly #listeners = new Set<(news: CommitNews) => void>();
  readonly exclusively: Store["exclusively"] = createTurns();
  #looking: ReturnType<typeof setInterval> | undefined;
  #prunedUpTo = 0;
  /** Whether anybody may wait for this thread; until a relay has begun its work, nobody does. */
  #atWork: boolean;

  private constructor(
    engine: Engine,
    private readonly lock: Disposable | null,
    private readonly sizes: Sizes,
  ) {
    super(engine.db, engine.routes);
    this.#engine = engine;
    this.#joint = new Joint(engine);
    engine.onNews = (news) => this.#tell(news);
    this.#atWork = lock === null;
  }

  /**
   * Opens a file that is there (it may be empty).
   *
   * @param lock What keeps other relays off the file, let go at {@linkcode close}; null beside a running relay.
   */
  static async open(file: string, lock: Disposable | null, sizes: Sizes): Promise<SqliteStore> {
    const engine = new Engine(file, { shared: lock === null, sizes });
    const store = new SqliteStore(engine, lock, sizes);
    try {
      expectNotMoved(engine.db);
      if (lock === null) return store;
      await engine.recover();
    } catch (error) {
      await engine.close();
      throw error;
    }
    engine.newsFromElsewhere(); // what was there before is no news
    store.#looking = setInterval(() => {
      try {
        engine.expectInPlace();
      } catch {
        // what is written next tells
      }
      const news = engine.newsFromElsewhere();
      if (news) store.#tell(news);
    }, LOOK_EVERY_MS);
    return store;
  }

  append(events: readonly NewEvent[]): Promise<Appended[]> {
    this.#atWork = true;
    return this.#engine.write((tx) => append(tx, events), { synced: true });
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    this.#atWork = true;
    const answer = await this.#joint.write((tx) => claim(tx, request));
    if (answer.claimed.length > 0) this.#engine.syncSoon();
    return answer;
  }

  renew(relay: string, deliveries: readonly number[], leaseUntil: number): Promise<number[]> {
    return this.#engine.write((tx) => renew(tx, relay, deliveries, leaseUntil));
  }

  settle(relay: string, settlements: readonly Settlement[], now: number): Promise<boolean[]> {
    return this.#joint.write((tx) => settle(tx, relay, settlements, now), { synced: true });
  }

  // deno-lint-ignore require-await
  async events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]> {
    const recent = this.#recent(filter.id);
    if (this.#atWork && !this.#small()) return this.#engine.thread.ask("events", filter, page, recent);
    return listEvents(this.db, filter, page, recent);
  }

  // deno-lint-ignore require-await
  async deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Delivery[]> {
    const recent = this.#recent(filter.eventId);
    if (!this.#small()) return this.#engine.thread.ask("deliveries", filter, page, recent);
    return listDeliveries(this.db, this.routes, filter, page, recent);
  }

  retry(filter: DeliveryFilter, now: number): Promise<number> {
    return this.#inSteps(filter, ["pending", "dead"], (tx, ids) => manage.retry(tx, ids, now));
  }

  discard(filter: DeliveryFilter, now: number): Promise<number> {
    const states = discardable(filter);
    return this.#inSteps(filter, states, (tx, ids) => manage.discard(tx, ids, states, now));
  }

  async rewind(now: number, byMs: number): Promise<number> {
    let moved = 0;
    for (const queue of await this.#engine.write(rewind.queues)) {
      for (let after: rewind.Place | null = rewind.START; after !== null;) {
        const from: rewind.Place = after;
        const step: rewind.Step = await this.#engine.write((tx) => rewind.step(tx, queue, now, byMs, from));
        moved += step.moved;
        after = step.after;
        await turn();
      }
    }
    return moved;
  }

  replay(wishes: readonly ReplayWish[], now: number): Promise<number[]> {
    return this.#engine.write((tx) => manage.replay(tx, wishes, now), { synced: true });
  }

  async prune(olderThan: number, forgetIdsBefore: number, limit: number): Promise<number> {
    let deleted = 0;
    while (deleted < limit) {
      const wish = { olderThan, forgetIdsBefore, limit: limit - deleted };
      const step = await this.#engine.write((tx) => prune(tx, wish, this.#prunedUpTo));
      deleted += step.deleted;
      this.#prunedUpTo = step.after ?? 0; // the next sweep begins at the start: what was needed may be so no more
      if (step.after === null) break;
      await turn();
    }
    return deleted;
  }

  async ready(): Promise<void> {
    this.#engine.expectInPlace();
    // Another value each time: SQLite writes nothing to the disk where a row stays as it is.
    const sql = "INSERT INTO marks VALUES ('asked', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1";
    await this.#engine.write((tx) => tx.db.run(sql), { synced: true });
  }

  onCommit(listener: (news: CommitNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    await this.#engine.close();
    this.lock?.[Symbol.dispose]();
  }

  #tell(news: CommitNews): void {
    this.#listeners.forEach((listener) => listener(news));
  }

  /** What another thread or process cannot know of the events that may have an id. */
  #recent(id: string | undefined): number[] {
    if (id === undefined) return [];
    this.#engine.log.catchUp();
    return this.#engine.log.ids.recent(storable(id));
  }

  #small(): boolean {
    const row = this.db.get<{ size: number }>(
      "SELECT coalesce((SELECT max(seq) FROM events) - (SELECT min(seq) FROM events), 0) AS size",
    );
    return row!.size < this.sizes.smallStore;
  }

  /** Changes deliveries that pass a filter and are in one of `states`, in steps that delay no one. */
  async #inSteps(
    filter: DeliveryFilter,
    states: readonly DeliveryState[],
    change: (tx: Transaction, ids: readonly number[]) => number,
  ): Promise<number> {
    const among = { ...filter, states: states.filter((state) => filter.states?.includes(state) ?? true) };
    let changed = 0;
    for (let after = 0;;) {
      const ids = (await this.deliveries(among, { after, limit: STEP })).map(({ id }) => id);
      if (ids.length === 0) return changed;
      changed += await this.#engine.write((tx) => change(tx, ids), { synced: true });
      after = ids.at(-1)!;
      await turn();
    }
  }
}

/** Lets others have their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
