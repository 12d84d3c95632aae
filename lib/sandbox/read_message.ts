/** Checks what a process says: nothing of it is taken as it is, since the plugin may have said it. @module */
import { isRecord, record } from "../config/loosely.ts";
import { failed, type Result } from "../dispatch/contract.ts";
import type { JsonObject } from "../nouns.ts";
import { LoadFailure } from "./load_failure.ts";
import { maskTold } from "./mask.ts";
import {
  bytesOf,
  EMITTED_TYPE,
  type Ending,
  type FromPlugin,
  LIMITS,
  type OptionCheck,
  type PluginShape,
  shorten,
} from "./protocol.ts";
import { readSent } from "./sent.ts";

/** Characters of a description, and of the path of a module, that are kept. */
const LINE_CHARS = 500;
/** A JSON Schema of more characters is not kept. */
const SCHEMA_CHARS = 256 * 1024;
/** Most findings of a check. */
const MOST_FINDINGS = 10_000;

/** What a plugin says of itself in a `loaded` message. Its filters are still to be checked. */
export function readShape(told: unknown): PluginShape {
  const { description, filters, hasOptions, needsOptions, optionsSchema } = record(told);
  return {
    description: lineOf(description),
    filters: record(filters),
    hasOptions: hasOptions === true,
    needsOptions: needsOptions === true,
    optionsSchema: schemaOf(optionsSchema),
  };
}

/** Why it could not be loaded, by a `failed` message, with `secrets` masked. */
export function readFailure(
  { stage, error, file, line }: FromPlugin & { t: "failed" },
  secrets: readonly string[],
): LoadFailure {
  return new LoadFailure(
    stage === "check" ? stage : "import",
    readError(error, secrets),
    { file: lineOf(file), line: Number.isSafeInteger(line) ? line : null },
  );
}

/** The result in an `end` message, `secrets` masked in its error and what was sent. Throws when it is not of its form. */
export function readEnding(ending: Ending, secrets: readonly string[]): Result {
  const { outcome, error, retryAfterSeconds, kv, emitted, sent: told, ms: ran } = ending as Record<
    keyof Ending | "ms",
    unknown
  >;
  const sent = readSent(told, secrets);
  const ms = typeof ran === "number" && ran >= 0 ? ran : null;
  if (outcome === "done") {
    return {
      outcome,
      error: null,
      retryAfterSeconds: null,
      kv: readKv(kv),
      emitted: readEmitted(emitted),
      sent,
      ms,
    };
  }
  const result = {
    ...failed(outcome === "permanent" ? "permanent" : "retry", readError(error, secrets), sent),
    ms,
  };
  const asks = typeof retryAfterSeconds === "number" && retryAfterSeconds >= 0;
  return asks ? { ...result, retryAfterSeconds } : result;
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

function lineOf(value: unknown): string | null {
  return typeof value === "string" ? shorten(value, LINE_CHARS) : null;
}

/** Null for what is no schema of an object, as it is without one. */
function schemaOf(value: unknown): JsonObject | null {
  if (!isRecord(value) || !isRecord(value["properties"] ?? {})) return null;
  if (Object.values(record(value["properties"])).includes(null)) return null;
  try {
    return JSON.stringify(value).length > SCHEMA_CHARS ? null : value;
  } catch {
    return null; // too deep
  }
}

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
    if (!isRecord(data) || bytesOf(JSON.stringify(data)) > LIMITS.emitBytes) throw new Error("event data");
    return { type, data };
  });
}

function listOf(value: unknown, most: number): JsonObject[] {
  if (!Array.isArray(value) || value.length > most) throw new Error("list");
  return value.map((item) => {
    if (!isRecord(item)) throw new Error("list item");
    return item;
  });
}
