/** How many deliveries of a route may run at once, and how many may be claimed for that. @module */
import type { Route } from "../route/resolve.ts";
import type { Claimed, ClaimRoute } from "../store/contract.ts";
import type { Ahead } from "./ahead.ts";
import { DIGEST_EVENTS } from "./digest.ts";

/** A runner is given more jobs of a route than may run, but of no more bytes than these together: it keeps a copy. */
const QUEUED_BYTES = 512 * 1024;

/** What of a route was given to the runner. */
interface Given {
  count: number;
  bytes: number;
}

/** The places of all routes. */
export class Places {
  readonly #given = new Map<string, Given>();
  /** Routes of which more may be due than there were places for. */
  readonly #crowded = new Set<string>();

  /**
   * @param ahead What waits for a place.
   * @param queues Whether the runner has what has no place wait itself.
   */
  constructor(private readonly ahead: Pick<Ahead, "limit" | "waiting">, private readonly queues: boolean) {}

  /** Gives a delivery to the runner. */
  take(claimed: Claimed): void {
    this.#add(claimed, 1);
  }

  /** Takes it back. */
  free(claimed: Claimed): void {
    this.#add(claimed, -1);
  }

  /** How many of each route's deliveries the runner has. */
  taken(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#given].filter(([, { count }]) => count > 0).map(([route, { count }]) => [route, count]),
    );
  }

  /** Whether a delivery of a route may be given to the runner: it has a place, or is soon to have one. */
  admits(route: Route, { event }: Claimed): boolean {
    const left = this.left(route);
    if (left > 0) return true;
    const bytes = (this.#given.get(route.name)?.bytes ?? 0) + event.body.byteLength;
    return this.queues && -left < this.ahead.limit(route) && bytes <= QUEUED_BYTES;
  }

  /** How many more deliveries of a route may run. A digest's go together, and one digest at a time. */
  left({ name, concurrency, schedule }: Route): number {
    const taken = this.#given.get(name)?.count ?? 0;
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

  #add({ delivery: { route }, event }: Claimed, by: 1 | -1): void {
    const { count, bytes } = this.#given.get(route) ?? { count: 0, bytes: 0 };
    this.#given.set(route, { count: count + by, bytes: bytes + by * event.body.byteLength });
  }
}
