/** Puts what arrives while a commit runs into the next one, so that many share the cost of one sync. @module */
import { setImmediate } from "node:timers";
import type { Appended, NewEvent } from "./contract.ts";
import { tellEach, together } from "./together.ts";

/** Appends one event and answers once it is on disk. Rejects with `StoreUnavailable`; then nothing was written. */
export type AppendOne = (event: NewEvent) => Promise<Appended>;

/** So many are not kept waiting for others that may have arrived with them: the store is as well begun with these. */
const ENOUGH_EVENTS = 16;
/** Most events of one commit: bounds how long a commit takes. */
const MAX_EVENTS = 512;
/** Most body bytes of one commit. */
const MAX_BYTES = 8 * 1024 * 1024;

interface Waiting {
  event: NewEvent;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** How calls are gathered. */
export interface GroupOptions {
  /** Most calls of `append` at a time: what arrives meanwhile is gathered. Default: 1. */
  atOnce?: number;
}

/**
 * Gathers calls into few calls of `append`.
 *
 * When `append` cannot commit, all callers of that commit are refused. Any other failure is the fault of an event in
 * it: then each is tried by itself, so that only the callers of faulty events fail.
 */
export function groupCommit(
  append: (events: readonly NewEvent[]) => Promise<Appended[]>,
  { atOnce = 1 }: GroupOptions = {},
): AppendOne {
  let waiting: Waiting[] = [];
  let running = 0, beginsSoon = false;

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
    running++;
    const batch = next();
    const results = await together(batch, (some) => append(some.map(({ event }) => event)));
    running--;
    begin(); // before the callers are told: they take a while to answer
    tellEach(batch, results);
  }

  function begin(): void {
    while (waiting.length > 0 && running < atOnce) run();
  }

  return (event) =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      if (running >= atOnce) return;
      if (waiting.length >= ENOUGH_EVENTS) begin();
      else if (!beginsSoon) {
        beginsSoon = true;
        setImmediate(() => {
          beginsSoon = false;
          begin();
        });
      }
    });
}
