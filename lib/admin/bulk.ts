/** Work on many dead letters, in steps that a person can watch. @module */
import type { Store } from "../store/contract.ts";
import type { BulkJob } from "./api/shapes.ts";
import { countDeliveries, type DeliveryQuery, filterOf } from "./read/find_deliveries.ts";

/** Which dead letters. */
export interface BulkQuery extends Omit<DeliveryQuery, "states" | "discarded"> {
  /** These only; none when it is empty. */
  ids?: readonly number[];
}

/** Begins work and tells how far it is. */
export interface Bulk {
  count(query: BulkQuery): Promise<{ count: number; exact: boolean }>;
  start(action: BulkJob["action"], query: BulkQuery): Promise<BulkJob>;
  /** A job by its id, for as long as it is remembered. */
  job(id: string): BulkJob | null;
}

/** Deliveries changed in one step. */
const STEP = 200;
const REMEMBERED = 50;

/** Makes it. Jobs live as long as the process; one that is cut short has done its part, and the rest is as before. */
export function createBulk(store: Store, now: () => number, onEnd: (job: BulkJob) => void): Bulk {
  const jobs = new Map<string, BulkJob>();
  const deadOf = (query: BulkQuery) => ({ ...query, states: ["dead" as const] });

  async function work(job: BulkJob, query: BulkQuery) {
    const filter = filterOf(deadOf(query));
    try {
      // From the newest down, so that what dies again meanwhile is not met a second time.
      for (let before = Number.MAX_SAFE_INTEGER;;) {
        const rows = await store.deliveries(filter, { limit: STEP, before });
        if (rows.length === 0) break;
        const ids = rows.map(({ id }) => id);
        const step = { ids, states: ["dead" as const] };
        job.done += job.action === "retry"
          ? await store.retry(step, now())
          : await store.discard(step, now());
        before = ids.at(-1)!;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      job.state = "finished";
    } catch (error) {
      job.state = "failed";
      job.error = error instanceof Error ? error.message : String(error);
    }
    job.total = Math.max(job.total, job.done);
    onEnd(job);
  }

  return {
    count: (query) => countDeliveries(store, deadOf(query)),
    async start(action, query) {
      const { count } = await this.count(query);
      const job: BulkJob = {
        id: crypto.randomUUID(),
        action,
        total: count,
        done: 0,
        state: "running",
        error: null,
      };
      jobs.set(job.id, job);
      if (jobs.size > REMEMBERED) jobs.delete(jobs.keys().next().value!);
      void work(job, query);
      return job;
    },
    job: (id) => jobs.get(id) ?? null,
  };
}
