/**
 * What the relay and a plugin's process say to each other: one JSON object a line, on the process's stdin and stdout.
 *
 * Each line the process writes begins with a token that it was told in the first line it read, so that whatever else
 * a plugin prints on stdout is told apart and becomes a log line. The token guards against accidents only: a process
 * runs one plugin, so all that a plugin could forge are the results of its own deliveries. What keeps plugins from one
 * another is that each has a pipe of its own, and that the relay checks and bounds all that comes out of it.
 *
 * @module
 */
import type { Result } from "../dispatch/contract.ts";
import type { EventForPlugin, JsonObject } from "../nouns.ts";
import type { NamedUrl } from "./hosts.ts";
import type { Sending } from "./sending.ts";
import type { SentTold } from "./sent.ts";

/** What a dry run may reach: nothing, but what a route would grant is recorded and not refused. */
export interface DryGrants {
  /** Hosts, as grants name them. */
  net: string[];
  /** Absolute paths. */
  write: string[];
}

/** The relay to the process. */
export type ToPlugin =
  /** First of all: import the plugin at `url`. `ipv4Only` holds `fetch` to IPv4. With `dry`, whatever leads out is recorded. */
  | { t: "load"; token: string; url: string; folder: string; ipv4Only: boolean; dry: DryGrants | null }
  /** Check a route's options and keep them; answered by `checked`. */
  | { t: "route"; route: string; options: JsonObject; ask: number }
  /**
   * Run it, or have it wait until fewer than `most` jobs of its route run. `tell`: that the plugin is entered is to be
   * said at once, by `begin`. So it is for one that begins alone.
   */
  | { t: "run"; id: number; job: JobForPlugin; most: number; tell: boolean }
  /** What a job left to be remembered is on disk: only now its place is free. */
  | { t: "free"; id: number }
  /** Give back the jobs that have not begun; answered by `back`. */
  | { t: "recall" }
  | { t: "abort"; id: number; reason: string }
  /** The answer to `kvGet`. */
  | { t: "kv"; ask: number; value: string | null }
  /** What the job asked for cannot be read. */
  | { t: "noKv"; ask: number; error: string }
  | { t: "ping" }
  /** Call the plugin's `stop` and end. */
  | { t: "stop" };

/** A job's part that the plugin gets to see. */
export interface JobForPlugin {
  route: string;
  event: EventForPlugin;
  attempt: number;
  idempotencyKey: string;
}

/** The process to the relay. */
export type FromPlugin =
  | { t: "loaded"; plugin: PluginShape }
  | { t: "failed"; stage: LoadStage; error: string; file: string | null; line: number | null }
  | ({ t: "checked"; ask: number } & OptionCheck)
  /** Written before the plugin's `run` is entered, so that a process that hangs or dies tells which job it was in. */
  | { t: "begin"; id: number }
  /**
   * The plugin's `run` was entered for all of these, which came together; written before anything of it can have acted
   * beyond the process.
   */
  | { t: "begun"; ids: number[] }
  /** Written before others begin in its place. `ms`: how long it ran. */
  | ({ t: "end"; id: number; ms: number } & Ending)
  /** These have not begun, and will not. */
  | { t: "back"; ids: number[] }
  | { t: "kvGet"; id: number; ask: number; key: string }
  | { t: "log"; id: number | null; level: LogLevel; text: string }
  | { t: "refused"; id: number | null; kind: string; target: string }
  /** In a dry run: what would have gone out. */
  | { t: "sent"; id: number | null; sending: Sending }
  | { t: "pong" };

/** Where loading failed: `import` the module, or `check` its shape. */
export type LoadStage = "import" | "check";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** How a job ended, as the process tells it. */
export type Ending = Omit<Result, "outcome" | "sent" | "ms"> & {
  outcome: "done" | "retry" | "permanent";
  /** Left out when nothing was sent. */
  sent?: SentTold[] | undefined;
};

/** What a plugin's schema says of options. */
export interface OptionCheck {
  issues: OptionIssue[];
  /** Hosts that nobody wrote: of URLs that the schema fills in where the options say nothing. */
  defaults: NamedUrl[];
}

/** What is wrong with an option. */
export interface OptionIssue {
  /** Where, such as `to[0]`; empty for the options as a whole. */
  path: string;
  message: string;
  /** Whether the schema fills in a host there that nothing grants. */
  ungranted?: true;
}

/** What a plugin's default export holds, as far as JSON can tell it. Not yet checked. */
export interface PluginShape {
  description: string | null;
  /** Declared filters as they stand. */
  filters: JsonObject;
  hasOptions: boolean;
  /** Whether its schema refuses `{}`. */
  needsOptions: boolean;
  /** JSON Schema of its options; null when it has none or its schema library cannot tell. */
  optionsSchema: JsonObject | null;
}

/** The kinds of access that a route can grant. */
export const GRANTABLE: readonly string[] = ["net", "read", "write", "env", "sys"];

/** Bounds on what a plugin may send. */
export const LIMITS = {
  /** Bytes in one line; a longer one ends the process. */
  lineBytes: 4 * 1024 * 1024,
  /** Bytes a second read from one process; a faster one is read more slowly, so that it waits for us. */
  bytesPerSecond: 8 * 1024 * 1024,
  /** Characters of a log line that are kept. */
  logChars: 4096,
  /** Log lines a second that are kept, and how many may come at once. */
  logPerSecond: 1000,
  logBurst: 2000,
  /** Characters of an error message that are kept. */
  errorChars: 2000,
  kvKeyBytes: 1024,
  kvValueBytes: 64 * 1024,
  /** Keys written in one run. */
  kvWrites: 256,
  /** Events made in one run. */
  emits: 100,
  emitBytes: 256 * 1024,
  /** Bytes of keys, values and events that one run may leave, all together. */
  resultBytes: 2 * 1024 * 1024,
  /** Reads of kv a second; what is beyond waits. */
  kvReadsPerSecond: 2000,
  /** Values of kv that are fetched, or wait to be read by the process, at a time; the other reads wait. */
  kvReadsAtOnce: 64,
  /** Reads of kv that wait; no more of what the process says is read before it has taken some. */
  kvReadsWaiting: 10_000,
} as const;

/** What the type of an event that a plugin makes looks like. */
export const EMITTED_TYPE = /^[\w.-]{1,100}$/;

const encoder = new TextEncoder();

/** How many bytes a text takes, which many of these bounds count. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Cuts a text that is too long, saying so.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(shorten("short", 10), "short");
 * assertEquals(shorten("x".repeat(12), 10), "xxxxxxxxxx… (2 more characters)");
 * ```
 */
export function shorten(text: string, maxChars: number): string {
  return text.length <= maxChars
    ? text
    : `${text.slice(0, maxChars)}… (${text.length - maxChars} more characters)`;
}
