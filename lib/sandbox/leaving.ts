/** Processes of a plugin that take no more jobs. @module */
import type { PluginProcess } from "./process.ts";

/** Those of one plugin. */
export class Leaving {
  readonly #processes = new Set<PluginProcess>();

  /** Lets a process end in order, if it has not ended. It is one of these until it takes no place. */
  add(process: PluginProcess): void {
    this.#processes.add(process);
    void process.left().then(() => this.#processes.delete(process));
    process.retire();
  }

  all(): PluginProcess[] {
    return [...this.#processes];
  }

  /** Resolves when all have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.all().map((process) => process.ended));
  }
}
