/** Puts what is asked in one turn into one transaction: a commit costs more than what most of them write. @module */
import { tellEach, together } from "../together.ts";
import type { Engine } from "./engine.ts";
import type { Transaction } from "./transaction.ts";

interface Task {
  body: (tx: Transaction) => unknown;
  synced: boolean;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** Writes like {@linkcode Engine.write}, in the order asked. */
export class Joint {
  #tasks: Task[] = [];

  constructor(private readonly engine: Pick<Engine, "write">) {}

  /**
   * Runs `body` in one transaction with what else is asked in this turn. Waits until the commit survives a crash of the
   * process, or, when it is to be `synced`, of the machine; not for what others are to wait for.
   */
  write<T>(body: (tx: Transaction) => T, { synced = false } = {}): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#tasks.length === 0) queueMicrotask(() => this.#run(this.#tasks.splice(0)));
    this.#tasks.push({ body, synced, resolve, reject });
    return promise as Promise<T>;
  }

  async #run(tasks: readonly Task[]): Promise<void> {
    tellEach(tasks, await together(tasks, (some) => this.#commit(some)));
  }

  #commit(tasks: readonly Task[]): Promise<unknown[]> {
    return this.engine.write((tx) => {
      const answers = tasks.map(({ body }) => body(tx));
      tx.afterCommit(() => tasks.forEach((task, at) => task.synced || task.resolve(answers[at])));
      return answers;
    }, { synced: tasks.some(({ synced }) => synced) });
  }
}
