/** When the jobs of a process begin, and how that is told. @module */
import { JobQueue, type Queued } from "../job_queue.ts";
import type { Channel } from "./channel.ts";

/** A job that has come. */
export interface Arrived extends Queued {
  id: number;
  /** Whether it is to be told at once that it begins. */
  tell: boolean;
}

/** The jobs that have come and are not over. */
export interface Beginnings<T extends Arrived> {
  /** Has a job begin with the next {@linkcode begin}, or wait until its route has a place. */
  arrive(job: T): void;
  /** A job's place is free: what has waited for it begins in the next turn. */
  leave(job: T): void;
  /** Begins what may, once all is read that came together. */
  begin(): void;
  /** Gives back what has not begun. */
  recall(): void;
}

/** Makes them. What it needs of the runtime it takes now, before a plugin could replace it. */
export function createBeginnings<T extends Arrived>(
  channel: Pick<Channel, "send" | "flush">,
  run: (job: T) => void,
): Beginnings<T> {
  const nextTurn = setImmediate;
  const queue = new JobQueue<T>();
  const ready: T[] = [];
  let soon = false;

  function beginSoon() {
    if (soon || ready.length === 0) return;
    soon = true;
    nextTurn(() => {
      soon = false;
      begin();
    });
  }

  /** Together, but one by itself where that is to be told at once. */
  function begin() {
    if (ready.length === 0) return;
    const careful = ready.findIndex(({ tell }) => tell);
    const together = ready.splice(0, careful < 0 ? ready.length : Math.max(careful, 1));
    const ids = together.map(({ id }) => id);
    if (ids.length === 1) channel.send({ t: "begin", id: ids[0]! });
    channel.flush(); // what has ended is told before others are entered
    together.forEach(run);
    if (ids.length > 1) { // before anything of them can act beyond the process
      channel.send({ t: "begun", ids });
      channel.flush();
    }
    beginSoon();
  }

  return {
    arrive(job) {
      if (queue.enter(job)) ready.push(job);
    },
    leave(job) {
      ready.push(...queue.leave(job));
      beginSoon();
    },
    begin,
    recall() {
      const back = [...queue.recall(), ...ready];
      for (const job of ready.splice(0)) queue.leave(job);
      channel.send({ t: "back", ids: back.map(({ id }) => id) });
    },
  };
}
