/** Which jobs of a route run, and which wait until one of them has ended. @module */

/** What a queue needs to know of a job. */
export interface Queued {
  route: string;
  /** How many jobs of the route may run at a time. */
  most: number;
}

/**
 * The jobs of one process, by route, in the order in which they came. The relay and the process have one each: since the
 * same jobs enter and leave both in the same order, they agree on who runs without telling each other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const [one, two, three] = [1, 2, 3].map((id) => ({ id, route: "links", most: 1 }));
 * const queue = new JobQueue<{ id: number; route: string; most: number }>();
 * assertEquals([queue.enter(one!), queue.enter(two!), queue.enter(three!)], [true, false, false]);
 * assertEquals(queue.leave(one!), [two]);
 * assertEquals(queue.leave(three!), [], "it did not run");
 * ```
 */
export class JobQueue<T extends Queued> {
  readonly #routes = new Map<string, { running: Set<T>; waiting: T[] }>();

  /** Takes a job in, and answers whether it runs from now on; else it waits. */
  enter(job: T): boolean {
    let route = this.#routes.get(job.route);
    if (route === undefined) this.#routes.set(job.route, route = { running: new Set(), waiting: [] });
    const runs = route.waiting.length === 0 && route.running.size < job.most;
    if (runs) route.running.add(job);
    else route.waiting.push(job);
    return runs;
  }

  /** Takes a job out, whether it ran or waited, and answers those that run from now on. */
  leave(job: T): T[] {
    const route = this.#routes.get(job.route);
    if (route === undefined) return [];
    const { running, waiting } = route;
    if (!running.delete(job)) route.waiting = waiting.filter((one) => one !== job);
    const next: T[] = [];
    for (let first; (first = route.waiting[0]) !== undefined && running.size < first.most;) {
      route.waiting.shift();
      running.add(first);
      next.push(first);
    }
    return next;
  }

  /** Takes out all that wait, and answers them. */
  recall(): T[] {
    const recalled: T[] = [];
    for (const route of this.#routes.values()) recalled.push(...route.waiting.splice(0));
    return recalled;
  }

  /** How many of a route run. */
  running(route: string): number {
    return this.#routes.get(route)?.running.size ?? 0;
  }

  /** Whether any wait. */
  get crowded(): boolean {
    for (const { waiting } of this.#routes.values()) if (waiting.length > 0) return true;
    return false;
  }
}
