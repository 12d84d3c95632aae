/**
 * The filters that a plugin declares, checked as those of a route are. By hand, since the schema that checks a config
 * would take a fifth of the relay's memory for it.
 *
 * @module
 */
import type { Filters } from "../config/schema.ts";
import { isRecord } from "../config/loosely.ts";
import { isWherePath } from "../config/rules.ts";
import { CHANGE_TYPES, type JsonObject } from "../nouns.ts";
import { fieldPatternMistake } from "../pattern/field_pattern.ts";
import { shorten } from "./protocol.ts";

/** What is wrong, and where in the filters. */
export interface FilterMistake {
  /** Such as `fields.0`. */
  path: string;
  message: string;
}

type Check = (value: unknown, path: string) => FilterMistake | null;

/**
 * Reads declared filters; other keys are passed over.
 *
 * @returns The filters, or the first mistake.
 */
export function readFilters(declared: JsonObject): { filters: Filters } | FilterMistake {
  const filters: Record<string, unknown> = {};
  for (const [key, check] of Object.entries(CHECKS)) {
    const value = Object.hasOwn(declared, key) ? declared[key] : undefined;
    if (value === undefined) continue;
    const mistake = check(value, key);
    if (mistake !== null) return mistake;
    filters[key] = value;
  }
  return { filters: filters as Filters };
}

const text = (mistakeOf: (text: string) => string | null): Check => (value, path) => {
  if (typeof value !== "string") return { path, message: "is no text" };
  const message = mistakeOf(value);
  return message === null ? null : { path, message: `${JSON.stringify(shorten(value, 100))} ${message}` };
};
const notEmpty = text((value) => value === "" ? "is empty" : null);

const list = (check: Check): Check => (value, path) => {
  if (typeof value === "string") {
    return { path, message: `is no list: write [${JSON.stringify(shorten(value, 100))}]` };
  }
  if (!Array.isArray(value)) return { path, message: "is no list" };
  if (value.length === 0) return { path, message: "is empty" };
  return firstOf(value.map((item, i) => check(item, `${path}.${i}`)));
};

const BOUNDS: readonly string[] = ["gt", "gte", "lt", "lte"];

const scalar: Check = (value, path) =>
  value === null || ["string", "number", "boolean"].includes(typeof value)
    ? null
    : { path, message: "is no text, number, true, false or null" };
const scalars: Check = (value, path) => (Array.isArray(value) ? list(scalar) : scalar)(value, path);

const condition: Check = (value, path) => {
  if (!isRecord(value)) return scalars(value, path);
  return firstOf(
    Object.entries(value).map(([key, item]) => {
      const at = `${path}.${key}`;
      if (key === "not") return scalars(item, at);
      if (!BOUNDS.includes(key)) return { path: at, message: `is none of ${[...BOUNDS, "not"].join(", ")}` };
      return typeof item === "number" ? null : { path: at, message: "is no number" };
    }),
  );
};

const where: Check = (value, path) => {
  if (!isRecord(value)) return { path, message: "is no object" };
  return firstOf(
    Object.entries(value).map(([key, item]) =>
      isWherePath(key)
        ? condition(item, `${path}.${key}`)
        : { path: `${path}.${key}`, message: "is no path into the event" }
    ),
  );
};

const CHECKS: Readonly<Record<keyof Filters, Check>> = {
  fields: list(text(fieldPatternMistake)),
  changeTypes: list(
    text((type) =>
      CHANGE_TYPES.some((known) => known === type) ? null : `is none of ${CHANGE_TYPES.join(", ")}`
    ),
  ),
  coins: list(notEmpty),
  events: list(notEmpty),
  where,
};

const firstOf = (mistakes: readonly (FilterMistake | null)[]): FilterMistake | null =>
  mistakes.find((mistake) => mistake !== null) ?? null;
