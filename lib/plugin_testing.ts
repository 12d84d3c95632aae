/**
 * Runs a plugin in a test, as `coinrelay/plugin/testing`: with the context that the relay gives it, and with a `fetch`
 * that records what would have been sent.
 *
 * @module
 */
import { toFileUrl } from "@std/path";
import type { EventForPlugin, Json, JsonObject } from "./nouns.ts";
import { createContext, logWith } from "./sandbox/inside/context.ts";
import { endingOf } from "./sandbox/inside/failure.ts";
import { checkOptions, pluginIn } from "./sandbox/inside/shape.ts";
import type { LogLevel } from "./sandbox/protocol.ts";

/** How a plugin is run. */
export interface TestRun {
  /** The route's options, as in config.json. Default: none. */
  options?: JsonObject;
  /** What the route remembers. Default: nothing. */
  kv?: Record<string, Json>;
  /** The time, in milliseconds since 1970, that `Date` tells while the plugin runs. Default: the real time. */
  now?: number;
  /** Answers a request. Default: 200 with the body `ok`. Throw to break the connection. */
  respond?(request: RecordedRequest, count: number): Response | Promise<Response>;
  /** Default: 1. */
  attempt?: number;
  /** Default: `test-key`. */
  idempotencyKey?: string;
  /** The route's timeout: the signal aborts, and the run counts as failed. Default: 5000 ms. */
  timeoutMs?: number;
}

/** A request that the plugin would have sent. */
export interface RecordedRequest {
  /** In upper case. */
  method: string;
  /** Whole, with its query. */
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** As text; empty when there is none. */
  body: string;
}

/** What came of a run. */
export interface RunReport {
  /** What would become of the attempt. */
  outcome: "done" | "retry" | "permanent" | "timeout";
  /** Null when done. */
  error: string | null;
  /** What a thrown `RetryLater` asked for; null: nothing. */
  retryAfterSeconds: number | null;
  /** In the order in which they were made. */
  requests: RecordedRequest[];
  /** Lines that it logged. */
  logs: { level: "debug" | "info" | "warn" | "error"; text: string }[];
  /** What the route remembers afterwards. */
  kv: Record<string, Json>;
  /** What it emitted, as far as the run succeeded. */
  emitted: { type: string; data: JsonObject }[];
  /** What it noted as sent, by `context.noteSent`. */
  noted: { what: string; body: string }[];
}

/**
 * Makes an event, with the parts that matter to a test.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const event = sampleEvent({ changes: [{ field: "name", change_type: "update", new_value: "New" }] });
 * assertEquals(event.coin.name, "Bitcoin");
 * assertEquals(event.changes[0]?.new_value, "New");
 * ```
 */
export function sampleEvent(parts: Partial<EventForPlugin> = {}): EventForPlugin {
  return {
    id: "0b5a7c1e-0000-4000-8000-000000000000",
    type: "cg.coin.info.updated",
    source: "cryptosync",
    receivedAt: "2026-04-13T07:40:00.000Z",
    coin: { id: "bitcoin", symbol: "btc", name: "Bitcoin" },
    changes: [],
    data: {},
    test: false,
    ...parts,
  };
}

/**
 * Runs a plugin's `start` and `run` once, as a relay would: options checked, `fetch` recorded, kv and events kept when
 * it succeeds. While it runs, the global `fetch` (and with `now` the global `Date`) are replaced as well, so run one
 * at a time.
 *
 * @throws {TypeError} When it is no plugin, or does not take the options.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const plugin = {
 *   run: ({ coin }: { coin: { name: string } }) => fetch("https://hook.example", { method: "POST", body: coin.name }),
 * };
 * const ran = await runPlugin(plugin, sampleEvent());
 * assertEquals(ran.outcome, "done");
 * assertEquals(ran.requests[0]?.body, "Bitcoin");
 * ```
 */
export async function runPlugin(
  plugin: unknown,
  event: EventForPlugin,
  run: TestRun = {},
): Promise<RunReport> {
  const { options = {}, attempt = 1, idempotencyKey = "test-key", timeoutMs = 5000 } = run;
  const checked = pluginIn({ default: plugin });
  const { value, issues } = await checkOptions(checked, options);
  if (issues.length > 0) {
    throw new TypeError(
      `The plugin does not take these options: ${issues.map((i) => `${i.path}: ${i.message}`).join("; ")}`,
    );
  }
  const report: RunReport = {
    outcome: "done",
    error: null,
    retryAfterSeconds: null,
    requests: [],
    logs: [],
    kv: { ...run.kv },
    emitted: [],
    noted: [],
  };
  const log = (level: LogLevel, parts: unknown[]) => {
    const text = parts.map((part) => typeof part === "string" ? part : Deno.inspect(part)).join(" ");
    report.logs.push({ level, text });
  };
  const signal = AbortSignal.timeout(timeoutMs);
  const recorded = recorder(report.requests, run.respond);
  const { context, close } = createContext({
    job: { route: "test", event, attempt, idempotencyKey },
    options: value,
    signal,
    fetch: recorded,
    log,
    noteSent: (what, body) => void report.noted.push({ what, body }),
    kvGet: (key) => Promise.resolve(Object.hasOwn(report.kv, key) ? JSON.stringify(report.kv[key]) : null),
  });
  const restore = replaceGlobals(recorded, run.now);
  try {
    await inTime(signal, async () => {
      await checked.start?.({ options: value, route: "test", log: logWith(log), signal });
      await checked.run(structuredClone(event), context);
    });
    const { kv, emitted } = close();
    report.emitted = emitted;
    for (const { key, value } of kv) {
      if (value === null) delete report.kv[key];
      else report.kv[key] = JSON.parse(value);
    }
  } catch (thrown) {
    close();
    const { outcome, error, retryAfterSeconds } = endingOf(thrown, toFileUrl(Deno.cwd()).href + "/");
    Object.assign(report, { outcome: signal.aborted ? "timeout" : outcome, error, retryAfterSeconds });
  } finally {
    restore();
  }
  return report;
}

/** Runs a task, and stops waiting for it when the signal aborts. */
async function inTime(signal: AbortSignal, task: () => Promise<void>) {
  const over = Promise.withResolvers<never>();
  const abort = () => over.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    await Promise.race([task(), over.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function recorder(requests: RecordedRequest[], respond: TestRun["respond"]): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const recorded = {
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    };
    requests.push(recorded);
    return await respond?.(recorded, requests.length) ?? new Response("ok");
  };
}

function replaceGlobals(recorded: typeof fetch, now: number | undefined): () => void {
  const { fetch, Date } = globalThis;
  globalThis.fetch = recorded;
  if (now !== undefined) {
    globalThis.Date = class extends Date {
      constructor(...parts: [] | [number | string | Date]) {
        super(...(parts.length === 0 ? [now!] : parts) as [number]);
      }
      static override now() {
        return now!;
      }
    } as DateConstructor;
  }
  return () => Object.assign(globalThis, { fetch, Date });
}
