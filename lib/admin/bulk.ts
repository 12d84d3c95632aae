/** Work on many dead letters, in steps that a person can watch. @module */
import type { BulkJob } from "./api/shapes.ts";
import type { AdminStore } from "./parts.ts";
import { countDeliveries, type DeliveryQuery, deliverySteps } from "./read/find_deliveries.ts";
import { messageOf } from "../message_of.ts";

/** Which dead letters: what a filter takes, or these and no others. */
export type BulkQuery = Omit<DeliveryQuery, "states" | "discarded"> | { ids: readonly number[] };

/** Begins work and tells how far it is. */
export interface Bulk {
  count(query: BulkQuery): Promise<{ count: number; exact: boolean }>;
  start(action: BulkJob["action"], query: BulkQuery): Promise<BulkJob>;
  /** Whether a job is under way. */
  busy(): boolean;
  /** A job by its id, for as long as it is remembered. */
  job(id: string): BulkJob | null;
}

/** Deliveries changed in one step. */
const STEP = 200;
const REMEMBERED = 50;
const STATES = ["dead"] as const;

/** Makes it. Jobs live as long as the process; one that is cut short has done its part, and the rest is as before. */
export function createBulk(store: AdminStore, now: () => number, onEnd: (job: BulkJob) => void): Bulk {
  const jobs = new Map<string, BulkJob>();

  async function work(job: BulkJob, query: BulkQuery) {
    try {
      for await (const ids of idsOf(query)) {
        const filter = { ids, states: STATES };
        job.done += job.action === "retry"
          ? await store.retry(filter, now())
          : await store.discard(filter, now());
      }
      job.state = "finished";
    } catch (error) {
      job.state = "failed";
      job.error = messageOf(error);
    }
    job.total = Math.max(job.total, job.done);
    onEnd(job);
  }

  /** From the newest down, so that what dies again meanwhile is not met a second time. */
  async function* idsOf(query: BulkQuery): AsyncGenerator<number[]> {
    if ("ids" in query) {
      for (let at = 0; at < query.ids.length; at += STEP) yield query.ids.slice(at, at + STEP);
      return;
    }
    for await (const { found } of deliverySteps(store, { ...query, states: STATES }, undefined, STEP)) {
      if (found.length > 0) yield found.map(({ delivery }) => delivery.id);
    }
  }

  async function count(query: BulkQuery) {
    if (!("ids" in query)) return await countDeliveries(store, { ...query, states: STATES });
    const ids = [...query.ids];
    const dead = ids.length === 0
      ? []
      : await store.deliveries({ ids, states: STATES }, { limit: ids.length });
    return { count: dead.length, exact: true };
  }

  return {
    count,
    async start(action, query) {
      const { count: total } = await count(query);
      const job: BulkJob = { id: crypto.randomUUID(), action, total, done: 0, state: "running", error: null };
      jobs.set(job.id, job);
      if (jobs.size > REMEMBERED) jobs.delete(jobs.keys().next().value!);
      void work(job, query);
      return job;
    },
    busy: () => [...jobs.values()].some(({ state }) => state === "running"),
    job: (id) => jobs.get(id) ?? null,
  };
}
