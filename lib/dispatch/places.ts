/** How many deliveries of a route may run at once, and how many may be claimed for that. @module */
import type { Route } from "../route/resolve.ts";
import type { Claimed, ClaimRoute } from "../store/contract.ts";
import type { Ahead } from "./ahead.ts";
import { DIGEST_EVENTS } from "./digest.ts";

/** The places of all routes. */
export class Places {
  readonly #taken = new Map<string, number>();
  /** Routes of which more may be due than there were places for. */
  readonly #crowded = new Set<string>();

  /** @param ahead What waits for a place. */
  constructor(private readonly ahead: Pick<Ahead, "limit" | "waiting">) {}

  /** Takes a place of a route. */
  take(route: string): void {
    this.#add(route, 1);
  }

  /** Gives a place back. */
  free(route: string): void {
    this.#add(route, -1);
  }

  /** How many are taken, by route. */
  taken(): ReadonlyMap<string, number> {
    return new Map([...this.#taken].filter(([, count]) => count > 0));
  }

  /** How many more deliveries of a route may run. A digest's go together, and one digest at a time. */
  left({ name, concurrency, schedule }: Route): number {
    const taken = this.#taken.get(name) ?? 0;
    if (schedule.digest === null) return concurrency - taken;
    return taken === 0 ? DIGEST_EVENTS : 0;
  }

  /** How many deliveries of a route may be claimed: ahead of their places only where more are due than there are. */
  claimable(route: Route): number {
    const { name } = route;
    return this.left(route) + (this.#crowded.has(name) ? this.ahead.limit(route) : 0) -
      this.ahead.waiting(name);
  }

  /** Whether places of a route that was crowded are worth a claim: it need not be for each, while others wait. */
  areWorthClaiming(route: Route): boolean {
    return this.#crowded.has(route.name) && this.claimable(route) > this.ahead.limit(route) / 2;
  }

  /** Whether more of any route may be due than there were places for. */
  get crowded(): boolean {
    return this.#crowded.size > 0;
  }

  /** More of a route may be due than there are places for: the end of one of them asks for a claim. */
  crowd(route: string): void {
    this.#crowded.add(route);
  }

  /** Learns from a claim which routes are crowded: those that got as many as they had asked for. */
  learn(asked: readonly ClaimRoute[], claimed: readonly Claimed[]): void {
    const counts = new Map<string, number>();
    for (const { delivery: { route } } of claimed) counts.set(route, (counts.get(route) ?? 0) + 1);
    for (const { route, limit } of asked) {
      if (counts.get(route) === limit) this.#crowded.add(route);
      else this.#crowded.delete(route);
    }
  }

  #add(route: string, by: 1 | -1): void {
    this.#taken.set(route, (this.#taken.get(route) ?? 0) + by);
  }
}
