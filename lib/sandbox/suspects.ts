/** Deliveries with which a process ended, that of a guilty one among them: they are run with care. @module */
import type { Result } from "../dispatch/contract.ts";
import type { NotRun } from "./given_jobs.ts";

/** More are forgotten, the oldest first. */
const MOST = 1000;

/**
 * The suspects of one plugin. A process says which of several jobs it has entered once it has entered all: when it ends
 * before, which of them ended it is known as soon as another runs them one by one.
 */
export class Suspects {
  readonly #deliveries = new Set<number>();

  /** Whether a delivery is to be run with care. */
  has(delivery: number): boolean {
    return this.#deliveries.has(delivery);
  }

  /** Learns from what came of a delivery's run. */
  learn(delivery: number, came: Result["outcome"] | NotRun): void {
    if (came === "recalled" || came === "not begun") return;
    if (came !== "unsure" && came !== "crashed" && came !== "timeout") {
      this.#deliveries.delete(delivery);
      return;
    }
    this.#deliveries.add(delivery);
    if (this.#deliveries.size > MOST) this.#deliveries.delete(this.#deliveries.values().next().value!);
  }
}
