/** The store in PostgreSQL, which several relays share. @module */
import type {
  Appended,
  ClaimRequest,
  ClaimResult,
  CommitNews,
  DeliveryFilter,
  NewEvent,
  ReplayWish,
  Settlement,
  Store,
} from "../contract.ts";
import { append, routesOf } from "./append.ts";
import { claim, type ClaimOutcome } from "./claim.ts";
import { Engine } from "./engine.ts";
import { Hearing } from "./hear.ts";
import { setLanes } from "./lanes.ts";
import * as manage from "./manage.ts";
import { prune } from "./prune.ts";
import { PostgresReader } from "./reader.ts";
import { renew } from "./renew.ts";
import { filesFrom, readSettings } from "./settings.ts";
import { routesTouched, settle } from "./settle.ts";
import * as tasks from "./tasks.ts";
import { createTeller } from "./tell.ts";

/** How long a relay waits for a database that is not up yet. */
const PATIENCE_MS = 10_000;
/** Longest that putting a route's deliveries in order, or out of it, may take. */
const REORDER_MS = 300_000;

/** A {@linkcode Store} on an {@linkcode Engine}. */
export class PostgresStore extends PostgresReader implements Store {
  readonly #me = crypto.randomUUID();
  readonly #listeners = new Set<(news: CommitNews) => void>();
  readonly #tell: (news: CommitNews) => void;
  #hearing: Hearing | null = null;
  /** Whether a claim failed that may have been committed all the same. */
  #doubtful = false;
  #prunedUpTo = 0;

  /** @param newest The highest seq at present. */
  private constructor(engine: Engine, private readonly newest: number) {
    super(engine);
    this.#tell = createTeller(engine, this.#me);
    engine.onNews = (news) => {
      if (news.lastSeq !== null) this.#hearing?.know(news.lastSeq);
      this.#toListeners(news);
      this.#tell(news);
    };
  }

  /**
   * Connects, waits for a database that is not up yet, and makes the tables where there are none.
   *
   * @param url See `readSettings`. Relative files in it are taken from `baseFolder`.
   * @param shared For a command beside a running relay: neither waits nor makes tables, nor changes older ones.
   * @throws {StoreUnusable} when that cannot be done; the message says what to do.
   */
  static async open(url: string, baseFolder: string, shared = false): Promise<PostgresStore> {
    const engine = await Engine.open(filesFrom(readSettings(url), baseFolder), {
      patienceMs: shared ? 0 : PATIENCE_MS,
      make: !shared,
      asTheyAre: shared,
    });
    const [last] = await engine.read<{ seq: number }>("SELECT seq FROM events ORDER BY seq DESC LIMIT 1");
    return new PostgresStore(engine, last?.seq ?? 0);
  }

  async append(events: readonly NewEvent[]): Promise<Appended[]> {
    if (events.length === 0) return [];
    const written = await this.engine.write(
      // deno-lint-ignore require-await -- what it answers is waited for together with the commit
      async (tx) => ({ answers: append(tx, events) }),
      { routes: routesOf(events) },
    );
    return written.answers;
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const routes = request.routes.map(({ route }) => route);
    const { reorder, ...result } = await this.#claim(request, routes);
    if (reorder.length === 0) return result;
    try {
      for (const { route, order } of reorder) {
        await this.engine.write((tx) => setLanes(tx, route, order === "coin"), { timeoutMs: REORDER_MS });
      }
    } catch (error) {
      this.#doubtful = true; // the caller never gets to know of what was taken
      throw error;
    }
    const rest = await this.claim({ ...request, routes: reorder });
    const due = [result.nextDueAt, rest.nextDueAt].filter((time) => time !== null);
    return {
      claimed: [...result.claimed, ...rest.claimed].sort((a, b) =>
        routes.indexOf(a.delivery.route) - routes.indexOf(b.delivery.route)
      ),
      nextDueAt: due.length > 0 ? Math.min(...due) : null,
    };
  }

  async #claim(request: ClaimRequest, routes: readonly string[]): Promise<ClaimOutcome> {
    try {
      const outcome = await this.engine.write((tx) => claim(tx, request, this.#doubtful), {
        lossy: true,
        routes,
      });
      this.#doubtful = false;
      return await outcome();
    } catch (error) {
      this.#doubtful = true;
      throw error;
    }
  }

  async renew(relay: string, deliveries: readonly number[], leaseUntil: number): Promise<number[]> {
    return await this.engine.write((tx) => renew(tx, relay, deliveries, leaseUntil));
  }

  async settle(relay: string, settlements: readonly Settlement[], now: number): Promise<boolean[]> {
    return await this.engine.write((tx) => settle(tx, relay, settlements, now), {
      routes: routesTouched(settlements),
    });
  }

  retry(filter: DeliveryFilter, now: number): Promise<number> {
    return this.#inSteps((after) => this.engine.write((tx) => manage.retry(tx, filter, now, after)));
  }

  discard(filter: DeliveryFilter, now: number): Promise<number> {
    return this.#inSteps((after) => this.engine.write((tx) => manage.discard(tx, filter, now, after)));
  }

  async replay(wishes: readonly ReplayWish[], now: number): Promise<number[]> {
    return await this.engine.write((tx) => manage.replay(tx, wishes, now), {
      routes: wishes.map(({ route }) => route),
    });
  }

  async prune(olderThan: number, forgetIdsBefore: number, limit: number): Promise<number> {
    let deleted = 0;
    while (deleted < limit) {
      const step = await this.engine.write((tx) =>
        prune(tx, olderThan, forgetIdsBefore, limit - deleted, this.#prunedUpTo)
      );
      deleted += step.deleted;
      this.#prunedUpTo = step.after ?? 0; // the next sweep begins at the start: what was needed may be so no more
      if (step.after === null) break;
    }
    return deleted;
  }

  async ready(): Promise<void> {
    await this.engine.write((tx) => tx.query("UPDATE store SET beats = beats + 1"));
  }

  async exclusively(task: string, now: number, ms: number, run: () => Promise<void>): Promise<boolean> {
    if (!await this.engine.write((tx) => tasks.take(tx, task, this.#me, now, ms))) return false;
    const began = performance.now();
    const extending = setInterval(() => {
      const until = now + performance.now() - began + ms;
      this.engine.write((tx) => tasks.extend(tx, task, this.#me, Math.round(until))).catch(() => {});
    }, Math.max(1, ms / 3));
    try {
      await run();
    } finally {
      clearInterval(extending);
    }
    return true;
  }

  onCommit(listener: (news: CommitNews) => void): () => void {
    this.#listeners.add(listener);
    this.#hearing ??= new Hearing(
      this.engine.settings,
      this.#me,
      this.newest,
      (news) => this.#toListeners(news),
    );
    return () => this.#listeners.delete(listener);
  }

  override async close(): Promise<void> {
    await this.#hearing?.close();
    await super.close();
  }

  #toListeners(news: CommitNews): void {
    for (const listener of this.#listeners) listener(news);
  }

  async #inSteps(step: (after: number) => Promise<manage.Step>): Promise<number> {
    let changed = 0;
    for (let after: number | null = 0; after !== null;) {
      const done: manage.Step = await step(after);
      changed += done.changed;
      after = done.after;
    }
    return changed;
  }
}
