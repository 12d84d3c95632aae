/** All routes compiled into one table that is asked once for each event. @module */
import type { Filters } from "../config/schema.ts";
import type { Change, Content, Json, JsonObject } from "../nouns.ts";
import { compileFields } from "../pattern/field_pattern.ts";
import { compileGlob, compileList } from "../pattern/glob.ts";
import { type CompiledWhere, compileWhere } from "./where.ts";

/** A route's name and filters. */
export interface RouteFilters extends Filters {
  name: string;
}

/** A route that takes an event. */
export interface Match {
  route: string;
  /** Indexes of the changes it takes; null when it takes the event whole. */
  matched: number[] | null;
}

/** Says which routes take an event. */
export interface RouteTable {
  /** The routes that take it, in the order of the config. */
  match(content: Content): Match[];
}

/** Paths of data that lie deeper are not looked for. */
const MAX_DEPTH = 64;
/** More distinct texts than this are not remembered at a time: memory stays bounded whatever a source sends. */
const REMEMBERED = 20_000;
/** Nor is any longer one. */
const REMEMBERED_CHARS = 256;

/**
 * Compiles routes. A pattern is held against each distinct event type, coin id and field only once; what comes of it
 * is remembered as a set of routes, so that an event costs a few set intersections however many routes there are.
 */
export function createRouteTable(routes: readonly RouteFilters[]): RouteTable {
  const compiled = routes.map(compileRoute);
  const byType = rememberedSets(compiled.map((route) => route.takesType));
  const byCoin = rememberedSets(compiled.map((route) => route.takesCoin));
  const byField = rememberedSets(compiled.map((route) => route.takesField ?? (() => false)));
  const withoutFields = setOf(compiled.map((route) => route.takesField === null));
  const scratch = withoutFields.slice();

  return {
    match(content) {
      const paths = fieldPaths(content);
      const fieldSets = paths.map(byField);
      const matches: Match[] = [];
      const byPath = union(scratch, withoutFields, fieldSets);
      for (const index of common(byType(content.type), byCoin(content.coin.id), byPath)) {
        const route = compiled[index]!;
        if (!route.where.event(content)) continue;
        const takes = (change: Change, i: number) =>
          (route.takesField === null || has(fieldSets[i]!, index)) && route.takesChange(change);
        if (route.narrowsChanges || (route.takesField !== null && content.changes !== null)) {
          const matched = (content.changes ?? []).flatMap((change, i) => takes(change, i) ? [i] : []);
          if (matched.length > 0) matches.push({ route: route.name, matched });
        } else {
          matches.push({ route: route.name, matched: null });
        }
      }
      return matches;
    },
  };
}

interface CompiledRoute {
  name: string;
  takesType(type: string): boolean;
  takesCoin(coin: string): boolean;
  /** Null when the route has no fields. */
  takesField: ((field: string) => boolean) | null;
  /** Whether something else than `fields` chooses among the changes. */
  narrowsChanges: boolean;
  takesChange(change: Change): boolean;
  where: CompiledWhere;
}

function compileRoute(route: RouteFilters): CompiledRoute {
  const { fields, changeTypes, coins, events } = route;
  const where = compileWhere(route.where);
  return {
    name: route.name,
    takesType: events ? compileFields(events) : () => true,
    takesCoin: coins ? compileList(coins, compileGlob) : () => true,
    takesField: fields ? compileFields(fields) : null,
    narrowsChanges: changeTypes !== undefined || where.change !== null,
    takesChange: (change) =>
      (changeTypes === undefined || changeTypes.includes(change.change_type)) &&
      (where.change === null || where.change(change)),
    where,
  };
}

/** What field patterns are held against: the changed fields, or for an event without changes the paths of its data. */
export function fieldPaths({ changes, data }: Content): string[] {
  return changes === null ? dataPaths(data) : changes.map(({ field }) => field);
}

/** The paths of an event without changes that fields are held against: every key on the way to every value. */
function dataPaths(data: JsonObject): string[] {
  const paths: string[] = [];
  const walk = (value: Json, path: string, depth: number) => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || depth > MAX_DEPTH) return;
    for (const [key, inner] of Object.entries(value)) {
      const here = path === "" ? key : `${path}.${key}`;
      paths.push(here);
      walk(inner, here, depth + 1);
    }
  };
  walk(data, "", 1);
  return paths;
}

/** A set of route indexes, a bit each. */
type RouteSet = Uint32Array;

const has = (set: RouteSet, index: number) => (set[index >>> 5]! >>> (index & 31) & 1) === 1;

function rememberedSets(tests: readonly ((text: string) => boolean)[]): (text: string) => RouteSet {
  const remembered = new Map<string, RouteSet>();
  return (text) => {
    const known = remembered.get(text);
    if (known) return known;
    const set = setOf(tests.map((test) => test(text)));
    if (text.length > REMEMBERED_CHARS) return set;
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(text, set);
    return set;
  };
}

function setOf(members: readonly boolean[]): RouteSet {
  const set = new Uint32Array(Math.ceil(members.length / 32));
  members.forEach((member, index) => {
    if (member) set[index >>> 5]! |= 1 << (index & 31);
  });
  return set;
}

/** The union, in `set`. */
function union(set: RouteSet, first: RouteSet, others: readonly RouteSet[]): RouteSet {
  set.set(first);
  for (const other of others) {
    for (let word = 0; word < set.length; word++) set[word]! |= other[word]!;
  }
  return set;
}

/** The indexes that all three sets hold, ascending. */
function* common(a: RouteSet, b: RouteSet, c: RouteSet): Generator<number> {
  for (let word = 0; word < a.length; word++) {
    let bits = a[word]! & b[word]! & c[word]!;
    while (bits !== 0) {
      const lowest = bits & -bits;
      yield word * 32 + 31 - Math.clz32(lowest);
      bits ^= lowest;
    }
  }
}
