/** Processes of a plugin that end their jobs and take no more. @module */
import type { PluginProcess } from "./process.ts";

/** Those of one plugin. */
export class Leaving {
  readonly #processes = new Set<PluginProcess>();

  /** Lets a process end in order. */
  add(process: PluginProcess): void {
    this.#processes.add(process);
    void process.ended.then(() => this.#processes.delete(process));
    process.retire();
  }

  all(): PluginProcess[] {
    return [...this.#processes];
  }

  /** How many places of a route they still take. */
  placesTaken(route: string): number {
    return this.all().reduce((sum, process) => sum + process.placesTaken(route), 0);
  }

  /** Resolves when one of these is freed. */
  async placeFreed(): Promise<void> {
    await Promise.race(this.all().map((process) => process.placeFreed()));
  }

  /** Resolves when all have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.all().map((process) => process.ended));
  }
}
