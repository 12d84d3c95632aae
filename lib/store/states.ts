/** How deliveries stand in the tables. @module */
import type { DeliveryState } from "../nouns.ts";

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
