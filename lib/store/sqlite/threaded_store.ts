/** A {@linkcode SqliteStore} in a thread of its own, so that what it writes holds up no request. @module */
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
import { errorOf, Line } from "../../line.ts";
import { StoreUnavailable } from "../contract.ts";
import { STORE_ERRORS } from "../known_errors.ts";
import { EventRing, ringMemory } from "./event_ring.ts";
import { type PackedAppended, type PackedEvents, packEvents, unpackAppended } from "./packed.ts";
import { type PackedClaims, unpackClaims } from "./packed_claims.ts";
import { type PackedSettlements, packSettlements } from "./packed_settlements.ts";
import type { GroupResult } from "./ring_commits.ts";
import { SIZES, type Sizes } from "./sizes.ts";
import { createTurns } from "./turns.ts";

/** What the store's thread tells unasked: news, and what became of groups of events that came through the ring. */
export interface Told {
  news: CommitNews[];
  appended: GroupResult[];
}

/** What the store's thread can be asked. Whatever it is told means that there is something in the ring. */
export interface StoreQuestions extends
  Omit<
    { [Method in keyof Store]-?: NonNullable<Store[Method]> },
    "gathers" | "exclusively" | "onCommit" | "append" | "claim" | "settle"
  > {
  /** Asked first. */
  open(file: string, sizes: Sizes, ring: SharedArrayBuffer): Promise<void>;
  append(events: PackedEvents): Promise<PackedAppended>;
  claim(request: ClaimRequest): Promise<PackedClaims>;
  settle(relay: string, settlements: PackedSettlements, now: number): Promise<boolean[]>;
}

/**
 * Hands everything on to the thread. A thread that ends by itself takes the process with it: nothing that the store
 * holds is lost by that, and the next start finds what is true.
 */
export class ThreadedStore implements Store {
  readonly #line: Line<StoreQuestions>;
  readonly #listeners = new Set<(news: CommitNews) => void>();
  readonly #memory = ringMemory();
  readonly #ring = new EventRing(this.#memory);
  /** Groups in the ring, in the order in which they were written. */
  readonly #inRing: ReturnType<typeof Promise.withResolvers<PackedAppended>>[] = [];
  readonly gathers = true;
  readonly exclusively: Store["exclusively"] = createTurns();
  #closed: Promise<void> | null = null;

  private constructor() {
    const worker = new Worker(new URL("./threaded_store_main.ts", import.meta.url), {
      type: "module",
      name: "store",
    });
    this.#line = new Line(worker, {
      errors: STORE_ERRORS,
      onTold: (told) => this.#hear(told as Told),
      onPost: () => this.#ring.ring(),
    });
  }

  /**
   * Opens a file, and makes it when there is none.
   *
   * @throws {StoreUnusable} when it cannot be used; the message says what to do.
   */
  static async open(file: string, sizes: Sizes = SIZES): Promise<ThreadedStore> {
    const store = new ThreadedStore();
    try {
      await store.#line.ask("open", file, sizes, store.#memory);
    } catch (error) {
      store.#end();
      throw error;
    }
    return store;
  }

  async append(events: readonly NewEvent[]): Promise<Appended[]> {
    const packed = packEvents(events);
    if (this.#closed !== null || !this.#ring.write(packed)) {
      return unpackAppended(await this.#line.ask("append", packed));
    }
    const group = Promise.withResolvers<PackedAppended>();
    this.#inRing.push(group);
    if (this.#ring.mustWake()) this.#line.tell("wake");
    return unpackAppended(await group.promise);
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    return unpackClaims(await this.#line.ask("claim", request));
  }

  renew(relay: string, deliveries: readonly number[], leaseUntil: number): Promise<number[]> {
    return this.#line.ask("renew", relay, deliveries, leaseUntil);
  }

  settle(relay: string, settlements: readonly Settlement[], now: number): Promise<boolean[]> {
    return this.#line.ask("settle", relay, packSettlements(settlements), now);
  }

  event(key: { seq: number } | { id: string; source?: string }): Promise<StoredEvent | null> {
    return this.#line.ask("event", key);
  }

  events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]> {
    return this.#line.ask("events", filter, page);
  }

  delivery(id: number): Promise<Delivery | null> {
    return this.#line.ask("delivery", id);
  }

  deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Delivery[]> {
    return this.#line.ask("deliveries", filter, page);
  }

  attempts(delivery: number): Promise<Attempt[]> {
    return this.#line.ask("attempts", delivery);
  }

  counts(): Promise<RouteCount[]> {
    return this.#line.ask("counts");
  }

  retry(filter: DeliveryFilter, now: number): Promise<number> {
    return this.#line.ask("retry", filter, now);
  }

  discard(filter: DeliveryFilter, now: number): Promise<number> {
    return this.#line.ask("discard", filter, now);
  }

  replay(wishes: readonly ReplayWish[], now: number): Promise<number[]> {
    return this.#line.ask("replay", wishes, now);
  }

  rewind(now: number, byMs: number): Promise<number> {
    return this.#line.ask("rewind", now, byMs);
  }

  kvGet(route: string, key: string): Promise<string | null> {
    return this.#line.ask("kvGet", route, key);
  }

  kvList(route: string): Promise<KvEntry[]> {
    return this.#line.ask("kvList", route);
  }

  prune(olderThan: number, forgetIdsBefore: number, limit: number): Promise<number> {
    return this.#line.ask("prune", olderThan, forgetIdsBefore, limit);
  }

  ready(): Promise<void> {
    return this.#line.ask("ready");
  }

  onCommit(listener: (news: CommitNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#settled().then(() => this.#line.ask("close")).finally(() => this.#end());
  }

  async #settled(): Promise<void> {
    await Promise.allSettled(this.#inRing.map(({ promise }) => promise));
    await this.#line.settled();
  }

  #hear({ news, appended }: Told): void {
    for (const result of appended) {
      const group = this.#inRing.shift()!;
      if ("failure" in result) group.reject(errorOf(result.failure, STORE_ERRORS));
      else group.resolve(result);
    }
    for (const one of news) this.#listeners.forEach((listener) => listener(one));
  }

  #end(): void {
    this.#line.end(new StoreUnavailable("The store is closed"));
  }
}
