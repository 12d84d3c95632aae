/** The store in one SQLite file. @module */
import type {
  Appended,
  Attempt,
  ClaimRequest,
  ClaimResult,
  CommitNews,
  Delivery,
  DeliveryFilter,
  EventFilter,
  KvEntry,
  NewEvent,
  PageRequest,
  ReplayWish,
  RouteCount,
  Settlement,
  Store,
  StoredEvent,
} from "../contract.ts";
import { append } from "./append.ts";
import { backup } from "./backup.ts";
import { claim } from "./claim.ts";
import { Engine } from "./engine.ts";
import * as manage from "./manage.ts";
import { prune } from "./prune.ts";
import * as queries from "./queries.ts";
import { renew } from "./renew.ts";
import * as rewind from "./rewind.ts";
import { settle } from "./settle.ts";

/** How often a relay looks whether a command beside it has written, in milliseconds. */
const LOOK_EVERY_MS = 250;

/** A {@linkcode Store} on an {@linkcode Engine}. */
export class SqliteStore implements Store {
  readonly #engine: Engine;
  readonly #listeners = new Set<(news: CommitNews) => void>();
  readonly #looking: ReturnType<typeof setInterval> | undefined;
  /** When a task may be begun again. The only relay is here, so nobody else need know. */
  readonly #turns = new Map<string, number>();
  #prunedUpTo = 0;

  constructor(file: string, private readonly lock: Disposable | null) {
    const tell = (news: CommitNews) => this.#listeners.forEach((listener) => listener(news));
    this.#engine = new Engine(file, tell);
    if (!lock) return;
    this.#engine.recover();
    this.#engine.newsFromElsewhere(); // what was there before is no news
    this.#looking = setInterval(() => {
      const news = this.#engine.newsFromElsewhere();
      if (news) tell(news);
    }, LOOK_EVERY_MS);
  }

  // deno-lint-ignore require-await
  async append(events: readonly NewEvent[]): Promise<Appended[]> {
    return this.#engine.write((tx) => append(tx, events));
  }

  // deno-lint-ignore require-await
  async claim(request: ClaimRequest): Promise<ClaimResult> {
    return this.#engine.write((tx) => claim(tx, request));
  }

  // deno-lint-ignore require-await
  async renew(relay: string, deliveries: readonly number[], leaseUntil: number): Promise<number[]> {
    return this.#engine.write((tx) => renew(tx, relay, deliveries, leaseUntil));
  }

  // deno-lint-ignore require-await
  async settle(relay: string, settlements: readonly Settlement[], now: number): Promise<boolean[]> {
    return this.#engine.write((tx) => settle(tx, relay, settlements, now));
  }

  // deno-lint-ignore require-await
  async event(key: { seq: number } | { id: string; source?: string }): Promise<StoredEvent | null> {
    return queries.event(this.#engine.db, key);
  }

  // deno-lint-ignore require-await
  async events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]> {
    return queries.events(this.#engine.db, filter, page);
  }

  // deno-lint-ignore require-await
  async delivery(id: number): Promise<Delivery | null> {
    return queries.delivery(this.#engine.db, this.#engine.routes, id);
  }

  // deno-lint-ignore require-await
  async deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Delivery[]> {
    return queries.deliveries(this.#engine.db, this.#engine.routes, filter, page);
  }

  // deno-lint-ignore require-await
  async attempts(delivery: number): Promise<Attempt[]> {
    return queries.attempts(this.#engine.db, delivery);
  }

  // deno-lint-ignore require-await
  async counts(): Promise<RouteCount[]> {
    return queries.counts(this.#engine.db, this.#engine.routes);
  }

  retry(filter: DeliveryFilter, now: number): Promise<number> {
    return this.#inSteps((after) => this.#engine.write((tx) => manage.retry(tx, filter, now, after)));
  }

  discard(filter: DeliveryFilter): Promise<number> {
    return this.#inSteps((after) => this.#engine.write((tx) => manage.discard(tx, filter, after)));
  }

  async rewind(now: number, byMs: number): Promise<number> {
    let moved = 0;
    for (const queue of this.#engine.write(rewind.queues)) {
      for (let after: rewind.Place | null = rewind.START; after !== null;) {
        const step: rewind.Step = this.#engine.write((tx) => rewind.step(tx, queue, now, byMs, after!));
        moved += step.moved;
        after = step.after;
        await turn();
      }
    }
    return moved;
  }

  // deno-lint-ignore require-await
  async replay(wishes: readonly ReplayWish[], now: number): Promise<number[]> {
    return this.#engine.write((tx) => manage.replay(tx, wishes, now));
  }

  // deno-lint-ignore require-await
  async kvGet(route: string, key: string): Promise<string | null> {
    return queries.kvGet(this.#engine.db, this.#engine.routes, route, key);
  }

  // deno-lint-ignore require-await
  async kvList(route: string): Promise<KvEntry[]> {
    return queries.kvList(this.#engine.db, this.#engine.routes, route);
  }

  async prune(olderThan: number, forgetIdsBefore: number, limit: number): Promise<number> {
    let deleted = 0;
    while (deleted < limit) {
      const step = this.#engine.write((tx) =>
        prune(tx, olderThan, forgetIdsBefore, limit - deleted, this.#prunedUpTo)
      );
      deleted += step.deleted;
      this.#prunedUpTo = step.after ?? 0; // the next sweep begins at the start: what was needed may be so no more
      if (step.after === null) break;
      await turn();
    }
    return deleted;
  }

  // deno-lint-ignore require-await
  async backup(file: string): Promise<void> {
    backup(this.#engine.db, file);
  }

  // deno-lint-ignore require-await
  async ready(): Promise<void> {
    this.#engine.write((tx) => tx.db.run("UPDATE last_seq SET seq = seq"));
  }

  async exclusively(task: string, now: number, ms: number, run: () => Promise<void>): Promise<boolean> {
    const until = this.#turns.get(task) ?? -Infinity;
    // An end that is far off was set before the clock was set back.
    if (until === Infinity || until > now && until <= now + 2 * ms) return false;
    this.#turns.set(task, Infinity); // while it runs
    try {
      await run();
    } finally {
      this.#turns.set(task, now + ms);
    }
    return true;
  }

  onCommit(listener: (news: CommitNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    clearInterval(this.#looking);
    this.#engine.db.close();
    this.lock?.[Symbol.dispose]();
  }

  async #inSteps(step: (after: number) => manage.Step): Promise<number> {
    let changed = 0;
    for (let after: number | null = 0; after !== null;) {
      const done = step(after);
      changed += done.changed;
      after = done.after;
      await turn();
    }
    return changed;
  }
}

/** Lets others have their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
