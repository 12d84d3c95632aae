/** A thread beside the one that writes, for what would hold it up: long listings, checkpoints, backups. @module */
import { Line } from "../../line.ts";
import type { Delivery, StoredEvent } from "../../nouns.ts";
import { type DeliveryFilter, type EventFilter, type PageRequest, StoreUnavailable } from "../contract.ts";
import { STORE_ERRORS } from "../known_errors.ts";

/** What the thread can be asked. */
export interface HelperQuestions {
  /** Tells which file all the others are about. Asked first. */
  file(file: string): void;
  events(filter: EventFilter, page: PageRequest, recent: readonly number[]): StoredEvent[];
  deliveries(filter: DeliveryFilter, page: PageRequest, recent: readonly number[]): Delivery[];
  checkpoint(): void;
  backup(to: string): Promise<void>;
  /** Lets go of the file. Whatever is asked afterwards opens it again. */
  close(): void;
}

/** How long the thread stays when it has nothing to do, in milliseconds. */
const REST_MS = 10_000;

/** Starts the thread when it is first asked something, and ends it when nothing was asked for a while. */
export class HelperThread {
  #line: Line<HelperQuestions> | null = null;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly file: string) {}

  /** Asks the thread. */
  async ask<What extends keyof HelperQuestions>(
    what: What,
    ...takes: Parameters<HelperQuestions[What]>
  ): Promise<Awaited<ReturnType<HelperQuestions[What]>>> {
    clearTimeout(this.#rest);
    const line = this.#line ??= this.#start();
    try {
      return await line.ask(what, ...takes);
    } finally {
      if (line.quiet && line === this.#line) {
        clearTimeout(this.#rest);
        this.#rest = setTimeout(() => this.#end(), REST_MS);
      }
    }
  }

  /** Waits for what was asked, then ends the thread. */
  async close(): Promise<void> {
    await this.#line?.settled();
    await this.#end();
  }

  #start(): Line<HelperQuestions> {
    const worker = new Worker(new URL("./helper_thread_main.ts", import.meta.url), {
      type: "module",
      name: "store-helper",
    });
    const line = new Line<HelperQuestions>(worker, { errors: STORE_ERRORS });
    worker.onerror = (event) => {
      event.preventDefault();
      this.#forget(line, `The store's helper thread failed: ${event.message}`);
    };
    line.ask("file", this.file).catch(() => {}); // what is asked next tells
    return line;
  }

  /** Has the thread let go of the file; then ends it, unless it was asked something meanwhile. */
  async #end(): Promise<void> {
    const line = this.#line;
    if (line === null) return;
    await line.ask("close").catch(() => {});
    if (line.quiet) this.#forget(line, "The store is closed");
  }

  #forget(line: Line<HelperQuestions>, why: string): void {
    clearTimeout(this.#rest);
    if (this.#line === line) this.#line = null;
    line.end(new StoreUnavailable(why));
  }
}
