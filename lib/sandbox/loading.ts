/** Checks what a process says of loading its plugin: nothing of it is taken as it is. @module */
import { isRecord, record } from "../config/loosely.ts";
import type { JsonObject } from "../nouns.ts";
import { readError } from "./ending.ts";
import { LoadFailure } from "./load_failure.ts";
import { type FromPlugin, type PluginShape, shorten } from "./protocol.ts";

/** Characters of a description, and of the path of a module, that are kept. */
const LINE_CHARS = 500;
/** A JSON Schema of more characters is not kept. */
const SCHEMA_CHARS = 256 * 1024;

/** What the plugin says of itself. Its filters are still to be checked. */
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

/** Why it could not be loaded, with `secrets` masked. */
export function readFailure(
  { stage, error, file, line }: FromPlugin & { t: "failed" },
  secrets: readonly string[],
): LoadFailure {
  return new LoadFailure(
    stage === "check" ? stage : "import",
    readError(error, secrets),
    lineOf(file),
    Number.isSafeInteger(line) ? line : null,
  );
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
