/** What a plugin gets as its `context`. @module */
import type { Json, JsonObject } from "../../nouns.ts";
import type { Context, Kv, Log } from "../../plugin.ts";
import { bytesOf, EMITTED_TYPE, type JobForPlugin, LIMITS, type LogLevel } from "../protocol.ts";

/** What contexts are made with. */
export interface ContextParts {
  job: JobForPlugin;
  options: unknown;
  signal: AbortSignal;
  fetch: typeof fetch;
  log(level: LogLevel, parts: unknown[]): void;
  /** Asks the relay what the route remembers: JSON text. */
  kvGet(key: string): Promise<string | null>;
  noteSent(what: string, body: string): void;
}

/** A context and what the plugin left in it. */
export interface RunContext {
  context: Context<unknown>;
  /** To be called when the run has ended: takes what it wrote, and refuses what it would write later. */
  close(): { kv: { key: string; value: string | null }[]; emitted: { type: string; data: JsonObject }[] };
}

const { parse, stringify } = JSON;
/** Makes the context of one run. */
export function createContext(parts: ContextParts): RunContext {
  const { job, options, signal } = parts;
  const writes = new Map<string, string | null>();
  const emitted: { type: string; data: JsonObject }[] = [];
  let open = true;
  let size = 0;

  function mustBeOpen(what: string) {
    if (!open) throw new Error(`Cannot ${what}: the run has ended; await what it does before it returns`);
  }

  function mustFit(more: number, what: string) {
    size += more;
    if (size > LIMITS.resultBytes) {
      throw new RangeError(`${what}: one run may leave at most ${LIMITS.resultBytes} bytes of kv and events`);
    }
  }

  function write(key: string, value: string | null) {
    mustBeOpen("write to kv");
    if (typeof key !== "string" || key === "" || bytesOf(key) > LIMITS.kvKeyBytes) {
      throw new TypeError(`A kv key must be text of 1 to ${LIMITS.kvKeyBytes} bytes`);
    }
    if (value !== null && bytesOf(value) > LIMITS.kvValueBytes) {
      throw new RangeError(
        `kv "${key}": ${bytesOf(value)} bytes of JSON, at most ${LIMITS.kvValueBytes} are kept`,
      );
    }
    if (!writes.has(key) && writes.size >= LIMITS.kvWrites) {
      throw new RangeError(`kv: at most ${LIMITS.kvWrites} keys may be written in one run`);
    }
    mustFit(bytesOf(key) + bytesOf(value ?? ""), `kv "${key}"`);
    writes.set(key, value);
  }

  const kv: Kv = {
    async get<T extends Json>(key: string): Promise<T | undefined> {
      mustBeOpen("read kv");
      const text = writes.has(key) ? writes.get(key)! : await parts.kvGet(key);
      return text === null ? undefined : parse(text) as T;
    },
    set(key, value) {
      write(key, toJson(value, `kv "${key}"`));
    },
    delete(key) {
      write(key, null);
    },
  };

  function emit(type: string, data: JsonObject) {
    mustBeOpen("emit");
    if (typeof type !== "string" || !EMITTED_TYPE.test(type)) {
      throw new TypeError("An event type must be 1 to 100 letters, digits and . _ -");
    }
    if (typeof data !== "object" || data === null || Array.isArray(data)) {
      throw new TypeError(`emit("${type}"): data must be an object`);
    }
    const text = toJson(data, `emit("${type}")`);
    if (bytesOf(text) > LIMITS.emitBytes) {
      throw new RangeError(`emit("${type}"): ${bytesOf(text)} bytes, at most ${LIMITS.emitBytes} are taken`);
    }
    if (emitted.length >= LIMITS.emits) {
      throw new RangeError(`emit: at most ${LIMITS.emits} events may be made in one run`);
    }
    mustFit(bytesOf(text), `emit("${type}")`);
    emitted.push({ type, data: parse(text) as JsonObject }); // as it is now: the plugin may change it later
  }

  return {
    context: {
      options,
      route: job.route,
      attempt: job.attempt,
      idempotencyKey: job.idempotencyKey,
      signal,
      log: logWith(parts.log),
      fetch: (input, init) =>
        parts.fetch(input, {
          ...init,
          signal: init?.signal && init.signal !== signal ? AbortSignal.any([init.signal, signal]) : signal,
        }),
      kv,
      emit,
      noteSent(what, body = "") {
        mustBeOpen("note what was sent");
        parts.noteSent(String(what), String(body));
      },
    },
    close() {
      open = false;
      return { kv: [...writes].map(([key, value]) => ({ key, value })), emitted };
    },
  };
}

/** A log in front of `write`. */
export function logWith(write: (level: LogLevel, parts: unknown[]) => void): Log {
  return {
    debug: (...parts) => write("debug", parts),
    info: (...parts) => write("info", parts),
    warn: (...parts) => write("warn", parts),
    error: (...parts) => write("error", parts),
  };
}

function toJson(value: unknown, what: string): string {
  const text = stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`${what}: ${typeof value} cannot be kept as JSON`);
  return text;
}
