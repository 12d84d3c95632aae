/** Work on many dead letters, in steps that a person can watch. @module */
import type { DeliveryFilter } from "../store/contract.ts";
import type { BulkJob } from "./api/shapes.ts";
import type { AdminParts } from "./parts.ts";
import { countDeliveries, type DeliveryQuery, deliverySteps } from "./read/find_deliveries.ts";
import { badRequest } from "./problem.ts";
import { leftBehind } from "./read/routes.ts";
import { messageOf } from "../message_of.ts";

/** Which dead letters: what a filter takes, or these and no others. */
export type BulkQuery = (Omit<DeliveryQuery, "states" | "discarded"> | { ids: readonly number[] }) & {
  /** In place of dead letters, what waits for routes that are not in force. */
  waiting?: boolean;
};

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

/** Makes it. Jobs live as long as the process; one that is cut short has done its part, and the rest is as before. */
export function createBulk(
  parts: Pick<AdminParts, "store" | "routes" | "now">,
  onEnd: (job: BulkJob, query: BulkQuery) => void,
): Bulk {
  const { store, now } = parts;
  const jobs = new Map<string, BulkJob>();

  /** What may be touched at all, at this moment: a route that comes back keeps what waits for it. */
  async function reach({ waiting, ...query }: BulkQuery): Promise<Scope> {
    if (!waiting) return { states: ["dead"] };
    const asked = "routes" in query && query.routes?.length ? query.routes : null;
    const inForce = parts.routes().find(({ name }) => asked?.includes(name))?.name;
    if (inForce !== undefined) {
      throw badRequest(`The route “${inForce}” is in force: what waits for it is delivered.`);
    }
    const left = leftBehind(parts, await store.counts()).map(({ route }) => route);
    return { states: ["pending"], routes: left.filter((route) => asked?.includes(route) ?? true) };
  }

  async function work(job: BulkJob, query: BulkQuery) {
    try {
      for await (const ids of idsOf(query)) {
        const filter = { ids, ...await reach(query) };
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
    onEnd(job, query);
  }

  /** From the newest down, so that what dies again meanwhile is not met a second time. */
  async function* idsOf(query: BulkQuery): AsyncGenerator<number[]> {
    if ("ids" in query) {
      for (let at = 0; at < query.ids.length; at += STEP) yield query.ids.slice(at, at + STEP);
      return;
    }
    const scope = await reach(query);
    if (isNothing(scope)) return;
    for await (const { found } of deliverySteps(store, { ...query, ...scope }, undefined, STEP)) {
      if (found.length > 0) yield found.map(({ delivery }) => delivery.id);
    }
  }

  async function count(query: BulkQuery) {
    const scope = await reach(query);
    if (isNothing(scope)) return { count: 0, exact: true };
    if (!("ids" in query)) return await countDeliveries(store, { ...query, ...scope });
    const ids = [...query.ids];
    const those = ids.length === 0 ? [] : await store.deliveries({ ids, ...scope }, { limit: ids.length });
    return { count: those.length, exact: true };
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

type Scope = Pick<DeliveryFilter, "states" | "routes">;

/** Elsewhere an empty list of routes means all of them. */
const isNothing = ({ routes }: Scope) => routes?.length === 0;
