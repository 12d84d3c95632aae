/** Reads what may not be what it ought to be, such as the values of a config with mistakes. @module */
import type { Json, JsonObject } from "../nouns.ts";

/** Whether it is an object and no list. */
export const isRecord = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object; an empty one for anything else. */
export const record = (value: unknown): JsonObject => isRecord(value) ? value : {};

/** The texts of the JSON object that `text` is; none where it is no such object. */
export function textsIn(text: string): Record<string, string> {
  try {
    const entries = Object.entries(record(JSON.parse(text)));
    return Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  } catch {
    return {};
  }
}

/** The list; an empty one for anything else. */
export const list = (value: unknown): Json[] => Array.isArray(value) ? value : [];
