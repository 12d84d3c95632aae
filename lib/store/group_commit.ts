/** Puts what arrives while a commit runs into the next one, so that many share the cost of one sync. @module */
import { setImmediate } from "node:timers";
import type { Appended, NewEvent } from "./contract.ts";
import { createPatience } from "./patience.ts";
import { tellEach, together } from "./together.ts";

/** Appends one event and answers once it is on disk. Rejects with `StoreUnavailable`; then nothing was written. */
export type AppendOne = (event: NewEvent) => Promise<Appended>;

/** So long a commit waits for those that are wanted, in milliseconds; a little longer where the runtime's clock ticks late. */
const WAIT_MS = 1;
/** Most events of one commit: bounds how long a commit takes. */
const MAX_EVENTS = 512;
/** Most body bytes of one commit. */
const MAX_BYTES = 8 * 1024 * 1024;

interface Waiting {
  event: NewEvent;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** Calls `then` so many milliseconds later, unless what it answers is called first. */
export type Later = (then: () => void, ms: number) => () => void;

const byTimer: Later = (then, ms) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};

/**
 * Gathers calls into few calls of `append`, one at a time: what arrives in one turn, or while a call runs, goes
 * together, and a crowd of senders is waited for; see {@linkcode createPatience}.
 *
 * When `append` cannot commit, all callers of that commit are refused. Any other failure is the fault of an event in
 * it: then each is tried by itself, so that only the callers of faulty events fail.
 */
export function groupCommit(
  append: (events: readonly NewEvent[]) => Promise<Appended[]>,
  later: Later = byTimer,
): AppendOne {
  const patience = createPatience();
  let waiting: Waiting[] = [];
  let running = false, looksSoon = false, waited = false;
  let stopWaiting: (() => void) | null = null;

  function next(): Waiting[] {
    let bytes = 0, count = 0;
    while (count < waiting.length && count < MAX_EVENTS) {
      bytes += waiting[count]!.event.body.byteLength;
      if (bytes > MAX_BYTES && count > 0) break;
      count++;
    }
    if (count === waiting.length) {
      const all = waiting;
      waiting = [];
      return all;
    }
    return waiting.splice(0, count);
  }

  async function run(): Promise<void> {
    running = true;
    const batch = next();
    patience.began(batch.length);
    const results = await together(batch, (some) => append(some.map(({ event }) => event)));
    running = false;
    tellEach(batch, results);
    consider();
  }

  function look(): void {
    looksSoon = false;
    if (running || waiting.length === 0) return;
    if (waiting.length < patience.wanted && !waited) {
      stopWaiting ??= later(() => {
        waited = true;
        lookSoon(); // what has arrived while something else held this thread up is read before
      }, WAIT_MS);
      return;
    }
    stopWaiting?.();
    stopWaiting = null;
    waited = false;
    void run();
  }

  /** Looks after all that comes in this turn, and what the callers of the last commit do. */
  function lookSoon(): void {
    if (looksSoon) return;
    looksSoon = true;
    setImmediate(look);
  }

  function consider(): void {
    if (running || waiting.length === 0) return;
    if (stopWaiting === null || waiting.length >= patience.wanted) lookSoon();
  }

  return (event) =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      consider();
    });
}
