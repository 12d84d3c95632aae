/** Deliveries that are claimed before there is a place for them, so that no place waits for the store. @module */
import type { Route } from "../route/resolve.ts";
import type { Claimed } from "../store/contract.ts";

/** Most deliveries of a route that are claimed ahead, and for each that may run. */
const MOST = 128;
const MOST_FOR_EACH = 16;
/** No more wait than get a place in so many milliseconds: what waits is kept from other relays. */
const WAIT_MS = 50;
/** The share of the newest attempt in what attempts take. */
const SHARE = 0.1;

/** What waits for its place. */
export class Ahead {
  readonly #waiting = new Map<string, Claimed[]>();
  /** How long attempts take, by route, in milliseconds. */
  readonly #take = new Map<string, number>();

  /**
   * How many of a route may wait: as many as soon get a place. None of a route whose claims are counted, or whose
   * deliveries go out together.
   */
  limit({ name, concurrency, rate, schedule }: Route): number {
    if (rate !== null || schedule.digest !== null) return 0;
    const takes = this.#take.get(name) ?? Infinity;
    return Math.min(MOST, MOST_FOR_EACH * concurrency, Math.floor(concurrency * WAIT_MS / takes));
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

  /** The first of a route that waits. */
  first(route: string): Claimed | undefined {
    return this.#waiting.get(route)?.[0];
  }

  add(claimed: Claimed): void {
    const { route } = claimed.delivery;
    const waiting = this.#waiting.get(route);
    if (waiting === undefined) this.#waiting.set(route, [claimed]);
    else waiting.push(claimed);
  }

  /** Takes away the first of a route. */
  shift(route: string): void {
    this.#waiting.get(route)?.shift();
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
