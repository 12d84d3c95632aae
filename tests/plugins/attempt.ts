/**
 * Runs a plugin once, in a context as the relay makes it, and tells what would become of the delivery. Unlike `runPlugin`
 * of `coinrelay/plugin/testing` it sends real requests, to doubles on loopback, and many at a time.
 *
 * @module
 */
import type { Json, JsonObject, PluginEvent } from "coinrelay/plugin";
import { createContext } from "../../lib/sandbox/inside/context.ts";
import { endingOf } from "../../lib/sandbox/inside/failure.ts";
import { checkOptions, pluginIn } from "../../lib/sandbox/inside/shape.ts";

/** How it ended. */
export interface Ending {
  outcome: "done" | "retry" | "permanent";
  /** What the error said. */
  error: string;
  /** What `RetryLater` asked for. */
  seconds: number | null;
  emitted: { type: string; data: JsonObject }[];
  /** What the plugin wrote with `context.log`. */
  log: string[];
  /** What it noted as sent, by other means than `fetch`. */
  noted: { what: string; body: string }[];
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

/** Makes one attempt. */
export async function attempt(plugin: unknown, event: PluginEvent, around: Around = {}): Promise<Ending> {
  const checked = pluginIn({ default: plugin });
  const { value: options, issues } = await checkOptions(checked, (around.options ?? {}) as JsonObject);
  if (issues.length > 0) throw new TypeError(JSON.stringify(issues));
  const kv = around.kv ?? new Map<string, Json>();
  const log: string[] = [];
  const noted: Ending["noted"] = [];
  const { context, close } = createContext({
    job: {
      route: "test",
      event: structuredClone(event),
      attempt: 1,
      idempotencyKey: around.idempotencyKey ?? "msg_0123456789abcdef",
    },
    options,
    signal: AbortSignal.timeout(around.timeoutMs ?? 10_000),
    fetch: around.fetch ?? fetch,
    noteSent: (what, body) => void noted.push({ what, body }),
    log: (_level, parts) => void log.push(parts.map(String).join(" ")),
    kvGet: (key) => Promise.resolve(kv.has(key) ? JSON.stringify(kv.get(key)) : null),
  });
  try {
    await checked.run(structuredClone(event), context);
    const { kv: written, emitted } = close();
    for (const { key, value } of written) value === null ? kv.delete(key) : kv.set(key, JSON.parse(value));
    return { outcome: "done", error: "", seconds: null, emitted, log, noted };
  } catch (thrown) {
    const { outcome, error, retryAfterSeconds } = endingOf(thrown, import.meta.resolve("../../plugins/"));
    return {
      outcome: outcome as Ending["outcome"],
      error: error ?? "",
      seconds: retryAfterSeconds,
      emitted: [],
      log,
      noted,
    };
  }
}
