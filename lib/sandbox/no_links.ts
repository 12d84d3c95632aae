/**
 * Runs before the bootstrap in a process that may write: takes away what can make symbolic links there.
 *
 * Deno judges a path by its name and follows links without asking again, so it lets nobody make one who may not write
 * everything. `node:wasi` does, within any folder that may be read and written: a link of the plugin's own would lead
 * it to `.env`, to the store and to other plugins. A worker would have a `node:wasi` of its own, which nothing that runs
 * here reaches; so there are none.
 *
 * @module
 */
import { WASI } from "node:wasi";
import { Worker as NodeWorker } from "node:worker_threads";

function refuse(what: string): never {
  throw new Error(
    `${what} is not there for a plugin that may write files: it could make links to other files`,
  );
}

// All ways to give it memory, without which none of its functions does anything.
for (const name of ["start", "initialize", "finalizeBindings"]) {
  Object.defineProperty(WASI.prototype, name, { value: () => refuse("node:wasi") });
}
Object.freeze(WASI.prototype);

/** Stands where a class of workers had its base, whose constructor is the first that it calls. */
class NoWorker {
  constructor() {
    refuse("Worker");
  }
}

for (const workers of [Worker, NodeWorker]) {
  Object.setPrototypeOf(workers, NoWorker);
  Object.preventExtensions(workers);
}
