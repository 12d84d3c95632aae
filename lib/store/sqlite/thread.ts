/** A second thread for what would hold up the first: long listings, checkpoints, backups. @module */
import type { Delivery, StoredEvent } from "../../nouns.ts";
import { type DeliveryFilter, type EventFilter, type PageRequest, StoreUnavailable } from "../contract.ts";

/** What the thread can be asked, with what it takes and answers. */
export interface Questions {
  events: {
    takes: [filter: EventFilter, page: PageRequest, recent: readonly number[]];
    answers: StoredEvent[];
  };
  deliveries: {
    takes: [filter: DeliveryFilter, page: PageRequest, recent: readonly number[]];
    answers: Delivery[];
  };
  checkpoint: { takes: []; answers: void };
  backup: { takes: [file: string]; answers: void };
  /** Lets go of the file. Whatever is asked afterwards opens it again. */
  close: { takes: []; answers: void };
}

/** A question on its way. */
export interface Asked {
  number: number;
  what: keyof Questions;
  takes: unknown[];
}

/** An answer on its way back. */
export type Answered =
  & { number: number }
  & ({ answer: unknown } | { failure: { name: string; message: string } });

/** How long the thread stays when it has nothing to do, in milliseconds. */
const REST_MS = 10_000;

type Waiting = ReturnType<typeof Promise.withResolvers<unknown>>;

/** Starts the thread when it is first asked something, and ends it when nothing was asked for a while. */
export class Thread {
  #worker: Worker | null = null;
  #waiting = new Map<number, Waiting>();
  #asked = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly file: string) {}

  /** Asks the thread. */
  ask<What extends keyof Questions>(
    what: What,
    ...takes: Questions[What]["takes"]
  ): Promise<Questions[What]["answers"]> {
    clearTimeout(this.#rest);
    const worker = this.#worker ??= this.#start();
    const number = ++this.#asked;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(number, waiting);
    worker.postMessage({ number, what, takes } satisfies Asked);
    return waiting.promise as Promise<Questions[What]["answers"]>;
  }

  /** Waits for what was asked, then ends the thread. */
  async close(): Promise<void> {
    while (this.#waiting.size > 0) {
      await Promise.allSettled([...this.#waiting.values()].map(({ promise }) => promise));
    }
    await this.#end();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./thread_main.ts", import.meta.url), {
      type: "module",
      name: "store",
    });
    worker.onmessage = ({ data }: MessageEvent<Answered>) => {
      const waiting = this.#waiting.get(data.number);
      this.#waiting.delete(data.number);
      if ("answer" in data) waiting?.resolve(data.answer);
      else waiting?.reject(errorOf(data.failure));
      if (this.#waiting.size === 0) this.#rest = setTimeout(() => this.#end(), REST_MS);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      this.#terminate(worker);
      for (const { reject } of waiting) {
        reject(new StoreUnavailable(`The store's thread failed: ${event.message}`));
      }
    };
    worker.postMessage(this.file);
    return worker;
  }

  /** Has the thread let go of the file; then ends it, unless it was asked something meanwhile. */
  async #end(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    await this.ask("close").catch(() => {});
    if (this.#waiting.size === 0) this.#terminate(worker);
  }

  #terminate(worker: Worker): void {
    clearTimeout(this.#rest);
    worker.terminate();
    if (this.#worker === worker) this.#worker = null;
  }
}

function errorOf({ name, message }: { name: string; message: string }): Error {
  if (name === "StoreUnavailable") return new StoreUnavailable(message);
  if (name === "AlreadyExists") return new Deno.errors.AlreadyExists(message);
  return Object.assign(new Error(message), { name });
}
