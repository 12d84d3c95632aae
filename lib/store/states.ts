/** How deliveries stand in the tables. @module */
import type { DeliveryState } from "../nouns.ts";
import type { DeliveryFilter, RouteCount } from "./contract.ts";

export const PENDING = 0;
/** Pending, but another delivery of its lane goes first. */
export const BEHIND = 1;
export const RUNNING = 2;
export const DONE = 3;
export const DEAD = 4;
/** A dead letter that a person has discarded. */
export const DISCARDED = 5;

/** The state as others know it, by the number in the tables. */
export const STATE_NAMES: readonly DeliveryState[] = [
  "pending",
  "pending",
  "running",
  "done",
  "dead",
  "dead",
];

/** The numbers in the tables of a state that others know. */
export function stateNumbers(state: DeliveryState, discarded: boolean): number[] {
  return STATE_NAMES.flatMap((name, number) =>
    name === state && (discarded || number !== DISCARDED) ? [number] : []
  );
}

/** How many deliveries of each route stand where, of rows that count by the numbers in the tables. */
export function routeCounts(rows: readonly (Omit<RouteCount, "state"> & { state: number })[]): RouteCount[] {
  const counts = new Map<string, RouteCount>();
  for (const { route, state: number, count, oldest } of rows) {
    const state = STATE_NAMES[number]!;
    const known = counts.get(`${state} ${route}`);
    counts.set(`${state} ${route}`, {
      route,
      state,
      count: count + (known?.count ?? 0),
      oldest: Math.min(oldest, known?.oldest ?? oldest),
    });
  }
  return [...counts.values()];
}

/** The states that `Store.discard` takes under a filter: what waits only where the filter names it. */
export function discardable({ states }: DeliveryFilter): DeliveryState[] {
  return (["pending", "dead"] as const).filter((state) => states?.includes(state) ?? state === "dead");
}
