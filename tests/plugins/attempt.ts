/** Runs a plugin once and tells what would become of the delivery. @module */
import { type Context, type JsonObject, Permanent, type PluginEvent, RetryLater, z } from "coinrelay/plugin";
import type { Json } from "coinrelay/plugin";

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
  const options = await schema.parseAsync(around.options ?? {});
  const emitted: Ending["emitted"] = [];
  const log: string[] = [];
  const kv = around.kv ?? new Map<string, Json>();
  const written = new Map<string, Json | undefined>();
  const say = (...parts: unknown[]) => void log.push(parts.map(String).join(" "));
  const timeout = AbortSignal.timeout(around.timeoutMs ?? 10_000);
  const ending: Ending = { outcome: "done", error: "", seconds: null, emitted, log };
  try {
    await plugin.run(structuredClone(event), {
      options,
      route: "test",
      attempt: 1,
      idempotencyKey: around.idempotencyKey ?? "msg_0123456789abcdef",
      signal: timeout,
      log: { debug: say, info: say, warn: say, error: say },
      fetch: around.fetch ?? fetch,
      kv: {
        get: <T extends Json>(key: string) =>
          Promise.resolve((written.has(key) ? written.get(key) : kv.get(key)) as T | undefined),
        set: (key, value) => void written.set(key, structuredClone(value)),
        delete: (key) => void written.set(key, undefined),
      },
      emit: (type, data) => void emitted.push({ type, data: structuredClone(data) }),
    });
    for (const [key, value] of written) value === undefined ? kv.delete(key) : kv.set(key, value);
    return ending;
  } catch (error) {
    const outcome = error instanceof Permanent ? "permanent" : "retry";
    const seconds = error instanceof RetryLater ? error.seconds : null;
    return { ...ending, outcome, seconds, error: error instanceof Error ? error.message : String(error) };
  }
}
