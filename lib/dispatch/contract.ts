/** What dispatch asks of whoever runs plugins, whatever they are run in. @module */
import type { EventForPlugin, JsonObject, Outcome, Sent } from "../nouns.ts";

/** One attempt to be made. */
export interface Job {
  /** Name of the plugin and of the route that asks for it. */
  plugin: string;
  /** Name of the route. */
  route: string;
  /** Id of the delivery. */
  delivery: number;
  /** As the plugin is to see it. */
  event: EventForPlugin;
  /** 1 for the first attempt. */
  attempt: number;
  /** The same for every attempt of a delivery, another for every other delivery. */
  idempotencyKey: string;
  /** The attempt is aborted, and counts as failed, after this long. */
  timeoutMs: number;
  /** How many attempts of the route may be under way at a time, as it is now; 0: this one is not to begin any more. */
  readonly concurrency: number;
  /** How deep in a chain of emits the event is. */
  depth: number;
  /** Reads what the route remembers: JSON text, or null. */
  kvGet(key: string): Promise<string | null>;
}

/** What came of an attempt. */
export interface Result {
  /** How it ended. */
  outcome: Exclude<Outcome, "interrupted">;
  /** For a person; null when done. */
  error: string | null;
  /** The plugin (or the server it called) asks not to be tried before so many seconds; null: no wish. */
  retryAfterSeconds: number | null;
  /** What the route is to remember from now on; JSON text, null deletes. Empty unless done. */
  kv: { key: string; value: string | null }[];
  /** Events to make. Empty unless done. */
  emitted: { type: string; data: JsonObject }[];
  /** What it sent, however it ended. */
  sent: Sent[];
  /** How long the plugin ran, in milliseconds; null: since it was asked to. */
  ms: number | null;
}

/** A result that is no success, for attempts that cannot tell one themselves: nothing is remembered or emitted. */
export function failed(
  outcome: Exclude<Result["outcome"], "done">,
  error: string,
  sent: Sent[] = [],
): Result {
  return { outcome, error, retryAfterSeconds: null, kv: [], emitted: [], sent, ms: null };
}

/** Runs plugins. */
export interface PluginRunner {
  /**
   * Makes one attempt. Never rejects. Resolves `null` when the plugin cannot be run now (not loaded, failing, being
   * restarted): then no attempt was made, and `readyAt` tells when to ask again.
   */
  run(job: Job): Promise<Result | null>;
  /** When (milliseconds since 1970) the plugin may be run; 0: now; null: not before its file or the config changes. */
  readyAt(plugin: string): number | null;
  /** Of a runner that may be given more jobs of a route than may be under way at a time: it has the others wait. */
  queue?: RunnerQueue;
}

/** What there is to tell a runner with whom jobs wait. */
export interface RunnerQueue {
  /** What came of a job is on disk. Until then a job that left something to be remembered has its place. */
  settled(job: Job): void;
  /** Asks anew what jobs are to run with that have not begun: those that are not to any more resolve `null`. */
  recall(): void;
}
