/** Conditions over the values of an event: a route's `where`. @module */
import type { Condition } from "../config/schema.ts";
import type { Change, Content, Json } from "../nouns.ts";
import { compileGlob } from "../pattern/glob.ts";

type Where = Readonly<Record<string, Condition>>;
type Test = (value: Json) => boolean;

/** A compiled `where`: `event` is asked once, `change` for each change. */
export interface CompiledWhere {
  event(content: Content): boolean;
  /** Null when no condition speaks of changes. */
  change: ((change: Change) => boolean) | null;
}

/**
 * Compiles a `where`. All conditions must hold; a path that is missing never does, not even under `not`; of an array,
 * any element counts.
 */
export function compileWhere(where: Where = {}): CompiledWhere {
  const conditions = Object.entries(where).map(([path, condition]) => {
    const [root = "", ...keys] = path.split(".");
    return { root, keys, holds: compileCondition(condition) };
  });
  const ofChange = conditions.filter(({ root }) => root === "change");
  const ofEvent = conditions.filter(({ root }) => root !== "change");
  return {
    event: (content) =>
      ofEvent.every(({ root, keys, holds }) =>
        holds(valuesAt((content as unknown as Record<string, Json | undefined>)[root], keys))
      ),
    change: ofChange.length === 0
      ? null
      : (change) => ofChange.every(({ keys, holds }) => holds(valuesAt(change as unknown as Json, keys))),
  };
}

/** The values that a path leads to: none where it is missing, several through arrays. */
export function valuesAt(value: Json | undefined, keys: readonly string[]): Json[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, keys));
  const [key, ...rest] = keys;
  if (key === undefined) return [value];
  if (typeof value !== "object" || value === null) return [];
  // A key may itself hold dots, so the longest one that is there wins.
  for (let length = keys.length; length > 1; length--) {
    const joined = keys.slice(0, length).join(".");
    if (Object.hasOwn(value, joined)) return valuesAt(value[joined], keys.slice(length));
  }
  return Object.hasOwn(value, key) ? valuesAt(value[key], rest) : [];
}

function compileCondition(condition: Condition): (values: readonly Json[]) => boolean {
  if (typeof condition !== "object" || condition === null || Array.isArray(condition)) {
    const test = compileValue(condition);
    return (values) => values.some(test);
  }
  const tests: Test[] = [];
  const { gt, gte, lt, lte, not } = condition;
  if (gt !== undefined) tests.push((value) => toNumber(value) > gt);
  if (gte !== undefined) tests.push((value) => toNumber(value) >= gte);
  if (lt !== undefined) tests.push((value) => toNumber(value) < lt);
  if (lte !== undefined) tests.push((value) => toNumber(value) <= lte);
  const refused = not === undefined ? null : compileValue(not);
  return (values) =>
    values.some((value) => tests.every((test) => test(value))) && !(refused && values.some(refused));
}

function compileValue(
  pattern: Exclude<Condition, object> | readonly Exclude<Condition, object>[] | null,
): Test {
  if (Array.isArray(pattern)) {
    const tests = pattern.map((one) => compileValue(one));
    return (value) => tests.some((test) => test(value));
  }
  if (typeof pattern !== "string") return (value) => value === pattern;
  const matches = compileGlob(pattern);
  return (value) => (typeof value !== "object" || value === null) && matches(String(value));
}

/** Numbers in text count as numbers; anything else compares false. */
function toNumber(value: Json): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : NaN;
}
