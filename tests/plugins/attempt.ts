/** Runs a plugin once, in a context as the relay makes it, and tells what would become of the delivery. @module */
import {
  type Context,
  type Json,
  type JsonObject,
  Permanent,
  type PluginEvent,
  RetryLater,
  z,
} from "coinrelay/plugin";
import { createContext } from "../../lib/sandbox/inside/context.ts";

/** How it ended. */
export interface Ending {
  outcome: "done" | "retry" | "permanent";
  /** What the error said. */
  error: string;
  /** What {@linkcode RetryLater} asked for. */
  seconds: number | null;
  emitted: { type: string; data: JsonObject }[];
  /** What the plugin wrote with `context.log`. */
  log: string[];
}

/** What a route would hand in. */
export interface Around {
  /** As in config.json. */
  options?: unknown;
  /** What the route remembers; written to when the run succeeds. */
  kv?: Map<string, Json>;
  idempotencyKey?: string;
  timeoutMs?: number;
  fetch?: typeof fetch;
}

interface AnyPlugin {
  options?: z.ZodType;
  // The options' type differs from plugin to plugin; the schema above has checked them.
  // deno-lint-ignore no-explicit-any
  run(event: PluginEvent, context: Context<any>): unknown;
}

/** Makes one attempt. */
export async function attempt(plugin: AnyPlugin, event: PluginEvent, around: Around = {}): Promise<Ending> {
  const schema = plugin.options ?? z.strictObject({});
  const kv = around.kv ?? new Map<string, Json>();
  const log: string[] = [];
  const { context, close } = createContext({
    job: {
      route: "test",
      event: structuredClone(event),
      attempt: 1,
      idempotencyKey: around.idempotencyKey ?? "msg_0123456789abcdef",
    },
    options: await schema.parseAsync(around.options ?? {}),
    signal: AbortSignal.timeout(around.timeoutMs ?? 10_000),
    fetch: around.fetch ?? fetch,
    log: (_level, parts) => void log.push(parts.map(String).join(" ")),
    kvGet: (key) => Promise.resolve(kv.has(key) ? JSON.stringify(kv.get(key)) : null),
  });
  const ending: Ending = { outcome: "done", error: "", seconds: null, emitted: [], log };
  try {
    await plugin.run(structuredClone(event), context);
    const { kv: written, emitted } = close();
    for (const { key, value } of written) value === null ? kv.delete(key) : kv.set(key, JSON.parse(value));
    return { ...ending, emitted };
  } catch (error) {
    const outcome = error instanceof Permanent ? "permanent" : "retry";
    const seconds = error instanceof RetryLater ? error.seconds : null;
    return { ...ending, outcome, seconds, error: error instanceof Error ? error.message : String(error) };
  }
}
