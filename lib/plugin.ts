/**
 * What a plugin author imports, as `coinrelay/plugin`, ordered from commonly used to expert.
 *
 * A plugin is a file in the plugins folder with a default export that has a `run` function. {@linkcode definePlugin}
 * adds types and checked options to it.
 *
 * @module
 */
import type { z } from "zod";
import type { Change, ChangeType, Coin, EventForPlugin, Json, JsonObject } from "./nouns.ts";

export { z } from "zod";
export { Permanent, RetryLater } from "./plugin/failure.ts";
export { type Answer, post, type PostRequest, retryAfterSeconds } from "./plugin/http.ts";
export { COIN_PAGE, describe, type DescribeOptions, type Line, type Message } from "./plugin/describe.ts";
export { rowsAsText, shortAddress, type Span, valueAsText } from "./plugin/rows.ts";
export { type MessageOptions, messageOptions } from "./plugin/message_options.ts";
export { fullest, type Size } from "./plugin/fullest.ts";
export { renderMessage } from "./plugin/template.ts";
export { changeWords, eventWords } from "./plugin/words.ts";
export { chainIdOf, platformName } from "./plugin/platforms.ts";
export { gravest, SEVERITIES, type Severity, severityOf, type SeverityOption } from "./plugin/severity.ts";
export { type Migration, pairMigrations } from "./plugin/migrations.ts";
export { difference, type Part } from "./plugin/difference.ts";
export { redact } from "./plugin/redact.ts";
export { clean, shorten } from "./plugin/clean.ts";
export type { Change, ChangeType, Coin, Json, JsonObject };

/** The event that a plugin is run for, with only the changes that its route matched. */
export type PluginEvent = EventForPlugin;

/** What a plugin may use while it runs. */
export interface Context<Options = JsonObject> {
  /** The route's options, checked against the plugin's schema. */
  options: Options;
  /** Name of the route. */
  route: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** The same for every attempt of a delivery: hand it on, and the receiver can drop what it has seen. */
  idempotencyKey: string;
  /** Aborts at the route's timeout, and when the relay stops. */
  signal: AbortSignal;
  /** Writes to the relay's log, under the route's name. */
  log: Log;
  /** `fetch` with the attempt's signal. It reaches only what the route grants. */
  fetch: typeof fetch;
  /** What the route remembers between events. */
  kv: Kv;
  /**
   * Makes a new event of the given type, stored and routed like any other once this run has succeeded. A retry makes
   * nothing twice.
   */
  emit(type: string, data: JsonObject): void;
  /**
   * Notes what was sent by other means than `fetch`, such as a mail: one line, and how its content begins. A person sees
   * it with the attempt, beside the requests that the relay notes by itself. Call it once it is sent.
   */
  noteSent(what: string, body?: string): void;
}

/** Writes lines to the relay's log. */
export interface Log {
  /** For whoever looks closely; shown with `--verbose` only. */
  debug(...parts: unknown[]): void;
  /** What happened. */
  info(...parts: unknown[]): void;
  /** What a person should look at. */
  warn(...parts: unknown[]): void;
  /** What went wrong. */
  error(...parts: unknown[]): void;
}

/** A small durable store of the route's own. Writes are kept when the run succeeds, together with its result. */
export interface Kv {
  /** What was set last, or `undefined`. */
  get<T extends Json = Json>(key: string): Promise<T | undefined>;
  /** Takes effect when the run succeeds. At most a bounded number and size of entries. */
  set(key: string, value: Json): void;
  /** Forgets an entry; takes effect when the run succeeds. */
  delete(key: string): void;
}

/** A comparison in a `where`. */
export type Condition =
  | string
  | number
  | boolean
  | null
  | (string | number | boolean | null)[]
  | {
    gt?: number | undefined;
    gte?: number | undefined;
    lt?: number | undefined;
    lte?: number | undefined;
    not?: string | number | boolean | null | (string | number | boolean | null)[] | undefined;
  };

/** A plugin. A route's own filters replace those declared here. */
export interface Plugin<Schema extends z.ZodType = z.ZodType<JsonObject>> {
  /** One line for people: what it does. */
  description?: string;
  /** Default field patterns. A plugin that needs no options and declares them runs without any route in config.json. */
  fields?: string[];
  /** Default change types. Default: all. */
  changeTypes?: ChangeType[];
  /** Default coins, as ids or patterns. Default: all. */
  coins?: string[];
  /** Default event types, or patterns. Default: all. */
  events?: string[];
  /** Default conditions on values: path to pattern, list or comparison. */
  where?: Record<string, Condition>;
  /** Schema of the route's options. */
  options?: Schema;
  /** Called once for each route before its first event, and again when its options change. */
  start?(
    context: Pick<Context<z.output<Schema>>, "options" | "route" | "log" | "signal">,
  ): void | Promise<void>;
  /** Called for each event. Resolving is success; throwing is a retry. */
  run(event: PluginEvent, context: Context<z.output<Schema>>): unknown;
  /** Called before the plugin's process ends, if it ends in order. */
  stop?(): void | Promise<void>;
}

/** Gives a plugin its types. Returns it unchanged. */
export function definePlugin<Schema extends z.ZodType = z.ZodType<JsonObject>>(
  plugin: Plugin<Schema>,
): Plugin<Schema> {
  return plugin;
}
