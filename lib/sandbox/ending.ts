/** Checks what a process says: nothing a plugin sends is taken as it is. @module */
import type { Result } from "../dispatch/contract.ts";
import type { Json, JsonObject } from "../nouns.ts";
import { maskTold } from "./mask.ts";
import { bytesOf, EMITTED_TYPE, type Ending, LIMITS, type OptionCheck, shorten } from "./protocol.ts";
import { readSent } from "./sent.ts";

/** The result in an `end` message, `secrets` masked in its error and what was sent. Throws when it is not of its form. */
export function readEnding(ending: Ending, secrets: readonly string[]): Result {
  const { outcome, error, retryAfterSeconds, kv, emitted, sent: told } = ending as Record<
    keyof Ending,
    unknown
  >;
  const sent = readSent(told, secrets);
  if (outcome === "done") {
    return {
      outcome,
      error: null,
      retryAfterSeconds: null,
      kv: readKv(kv),
      emitted: readEmitted(emitted),
      sent,
    };
  }
  return {
    outcome: outcome === "permanent" ? "permanent" : "retry",
    error: readError(error, secrets),
    retryAfterSeconds: typeof retryAfterSeconds === "number" && retryAfterSeconds >= 0
      ? retryAfterSeconds
      : null,
    kv: [],
    emitted: [],
    sent,
  };
}

/** An error as a process tells it, with `secrets` masked before it is cut. */
export function readError(error: unknown, secrets: readonly string[]): string {
  const bounded = shorten(String(error), 4 * LIMITS.errorChars);
  return shorten(maskTold(bounded, secrets), LIMITS.errorChars);
}

/** The findings in a `checked` message, their secrets not yet masked. Throws when it is not of its form. */
export function readCheck({ issues, defaults }: OptionCheck): OptionCheck {
  const text = (value: unknown) => shorten(String(value), LIMITS.errorChars);
  return {
    issues: listOf(issues, MOST_FINDINGS).map(({ path, message }) => ({
      path: text(path),
      message: text(message),
    })),
    defaults: listOf(defaults, MOST_FINDINGS).map(({ path, host }) => ({
      path: text(path),
      host: text(host),
    })),
  };
}

const MOST_FINDINGS = 10_000;

function readKv(kv: unknown): Result["kv"] {
  return listOf(kv, LIMITS.kvWrites).map(({ key, value }) => {
    if (typeof key !== "string" || key === "" || bytesOf(key) > LIMITS.kvKeyBytes) throw new Error("kv key");
    if (value === null) return { key, value };
    if (typeof value !== "string" || bytesOf(value) > LIMITS.kvValueBytes) throw new Error("kv value");
    JSON.parse(value);
    return { key, value };
  });
}

function readEmitted(emitted: unknown): Result["emitted"] {
  return listOf(emitted, LIMITS.emits).map(({ type, data }) => {
    if (typeof type !== "string" || !EMITTED_TYPE.test(type)) throw new Error("event type");
    if (typeof data !== "object" || data === null || Array.isArray(data)) throw new Error("event data");
    if (bytesOf(JSON.stringify(data)) > LIMITS.emitBytes) throw new Error("event data");
    return { type, data: data as JsonObject };
  });
}

function listOf(value: unknown, most: number): Record<string, Json>[] {
  if (!Array.isArray(value) || value.length > most) throw new Error("list");
  return value.map((item) => {
    if (typeof item !== "object" || item === null) throw new Error("list item");
    return item as Record<string, Json>;
  });
}
