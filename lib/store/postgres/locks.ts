/**
 * The locks that a transaction holds until it has ended. Whoever takes several takes them in the order of this file,
 * so that no two wait for each other.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Advisory locks are shared by all that is in a database: this names ours, by the schema they guard. */
export function lockSpace(schema: string): number {
  return createHash("sha256").update(`coinrelay ${schema}`).digest().readInt32BE();
}

/** Locks that are no route's. Those of routes are their numbers, which are positive. */
const TABLES = -1, ORDERS = -2, SEQUENCE = -3;

/** Statements that take locks in the lock space `space`. */
export function locksIn(space: number) {
  const lock = (key: number, how = "") => `SELECT pg_advisory_xact_lock${how}(${space}, ${key})`;
  return {
    /** To change the tables. */
    tables: lock(TABLES),
    /** To change whether a route keeps order. Waits for all that {@linkcode underOrders}. */
    orders: lock(ORDERS),
    /** To rely on whether routes keep order. Many may hold it together. */
    underOrders: lock(ORDERS, "_shared"),
    /**
     * To make events or deliveries. One transaction after the other gets their numbers and commits, so that whoever
     * has seen a number has seen all lower ones: a reader that goes on after a number misses nothing.
     */
    sequence: lock(SEQUENCE),
    /** To let deliveries into the lanes of the routes named `$1`, or out of them. */
    lanes: `SELECT pg_advisory_xact_lock(${space}, id) FROM routes
      WHERE lanes AND name IN (SELECT value FROM json_array_elements_text($1::json)) ORDER BY id`,
  };
}

/** The locks of a store. */
export type Locks = ReturnType<typeof locksIn>;
