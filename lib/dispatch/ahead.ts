/** Deliveries that are claimed before there is a place for them, so that no place waits for the store. @module */
import type { Route } from "../route/resolve.ts";
import type { Claimed } from "../store/contract.ts";

/** Most deliveries of a route that are claimed ahead. */
const MOST = 64;
/** Attempts that take longer do not wait for the store; what waited for them would be kept from other relays. */
const QUICK_MS = 50;
/** The share of the newest attempt in what attempts take. */
const SHARE = 0.1;

/** What waits for its place. */
export class Ahead {
  readonly #waiting = new Map<string, Claimed[]>();
  /** How long attempts take, by route, in milliseconds. */
  readonly #take = new Map<string, number>();

  /**
   * How many of a route may wait: twice as many as may run, where attempts are quick. None of a route whose claims are
   * counted, or whose deliveries go out together.
   */
  limit({ name, concurrency, rate, schedule }: Route): number {
    const quick = (this.#take.get(name) ?? Infinity) <= QUICK_MS;
    return quick && rate === null && schedule.digest === null ? Math.min(2 * concurrency, MOST) : 0;
  }

  /** How many of a route wait. */
  waiting(route: string): number {
    return this.#waiting.get(route)?.length ?? 0;
  }

  /** Takes note of how long an attempt took, unless the clock was set back meanwhile. */
  took(route: string, ms: number): void {
    if (ms < 0) return;
    const before = this.#take.get(route) ?? ms;
    this.#take.set(route, before + SHARE * (ms - before));
  }

  add(claimed: Claimed): void {
    const { route } = claimed.delivery;
    const waiting = this.#waiting.get(route);
    if (waiting === undefined) this.#waiting.set(route, [claimed]);
    else waiting.push(claimed);
  }

  /** The next of a route, which waits no longer. */
  next(route: string): Claimed | undefined {
    return this.#waiting.get(route)?.shift();
  }

  /** Takes away those that are not to be kept. */
  remove(keep: (claimed: Claimed) => boolean): Claimed[] {
    const removed: Claimed[] = [];
    for (const [route, waiting] of this.#waiting) {
      this.#waiting.set(route, waiting.filter(keep));
      removed.push(...waiting.filter((claimed) => !keep(claimed)));
    }
    return removed;
  }
}
