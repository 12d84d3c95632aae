/** Tells why a route does not take an event. @module */
import type { Condition, Filters } from "../config/schema.ts";
import type { Change, Content, Json } from "../nouns.ts";
import { compileFields } from "../pattern/field_pattern.ts";
import { compileGlob, compileList } from "../pattern/glob.ts";
import { fieldPaths } from "./table.ts";
import { compileWhere, valuesAt } from "./where.ts";

/** The filter that leaves an event out. */
export interface Mismatch {
  filter: keyof Filters;
  /** For a person: what it asks for, and what the event has. */
  reason: string;
}

/**
 * The first filter that leaves an event out, in the order events, coins, where of the event, fields, changeTypes, where
 * of a change; null when the route takes it. Agrees with `createRouteTable`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const content = { type: "cg.coin.listed", coin: { id: "aave", symbol: "aave", name: "Aave" }, changes: null, data: {} };
 * assertEquals(whyNot({ coins: ["bitcoin"] }, content), { filter: "coins", reason: 'takes bitcoin; the coin is aave' });
 * assertEquals(whyNot({ events: ["cg.coin.*"] }, content), null);
 * ```
 */
export function whyNot(filters: Filters, content: Content): Mismatch | null {
  const { events, coins, where = {} } = filters;
  const { type, coin } = content;
  if (events && !compileFields(events)(type)) {
    return { filter: "events", reason: `takes ${list(events)}; the type is ${type}` };
  }
  if (coins && !compileList(coins, compileGlob)(coin.id)) {
    return { filter: "coins", reason: `takes ${list(coins)}; the coin is ${coin.id || "not named"}` };
  }
  const conditions = Object.entries(where);
  const wrong = conditions.find(([path, condition]) => !compileWhere({ [path]: condition }).event(content));
  if (wrong) return unmet(wrong, [content as unknown as Json]);
  return whyNoChange(filters, content, conditions.filter(([path]) => path.split(".")[0] === "change"));
}

/** Why none of the changes is taken; each filter is held against what the ones before it left. */
function whyNoChange(
  { fields, changeTypes }: Filters,
  content: Content,
  conditions: [string, Condition][],
): Mismatch | null {
  const paths = fieldPaths(content);
  const takesField = fields ? compileFields(fields) : () => true;
  if (fields && !paths.some(takesField)) {
    const there = paths.length === 0 ? "nothing changed" : `what it has is ${list(paths)}`;
    return { filter: "fields", reason: `takes ${list(fields)}; ${there}` };
  }
  if (!changeTypes && conditions.length === 0) return null;
  const narrowing = changeTypes ? "changeTypes" : "where";
  let left: Change[] = (content.changes ?? []).filter(({ field }) => takesField(field));
  if (left.length === 0) return { filter: narrowing, reason: "looks at changes; the event has none" };
  if (changeTypes) {
    const had = left;
    left = left.filter(({ change_type }) => changeTypes.includes(change_type));
    if (left.length === 0) {
      const there = had.map(({ field, change_type }) => `${field} (${change_type})`);
      return { filter: "changeTypes", reason: `takes ${list(changeTypes)}; the changes are ${list(there)}` };
    }
  }
  for (const [path, condition] of conditions) {
    const had = left;
    left = left.filter((change) => compileWhere({ [path]: condition }).change?.(change) ?? true);
    if (left.length === 0) return unmet([path, condition], had as unknown as Json[]);
  }
  return null;
}

function unmet([path, condition]: [string, Condition], from: readonly Json[]): Mismatch {
  const [root = "", ...keys] = path.split(".");
  const values = from.flatMap((one) => valuesAt(one, root === "change" ? keys : [root, ...keys]));
  const is = values.length === 0 ? "is missing" : `is ${list(values.map((value) => JSON.stringify(value)))}`;
  return { filter: "where", reason: `${path} must be ${JSON.stringify(condition)}; it ${is}` };
}

const MOST = 5;

function list(texts: readonly string[]): string {
  const more = texts.length - MOST;
  return texts.slice(0, MOST).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
