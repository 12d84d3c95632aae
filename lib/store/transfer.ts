/** What a store consists of when it is moved from one engine to another. @module */

/** What stands in one place of a row. */
export type Cell = string | number | boolean | null | Uint8Array;

/** A row of a part, in the order of {@linkcode PARTS}'s columns. */
export type Row = readonly Cell[];

/**
 * The parts, in the order in which they are moved, with their columns. The first `key` of these tell rows apart, and
 * give them their order; but that of `remembered` is each engine's own.
 *
 * States of a delivery are 0 pending, 3 done, 4 dead, 5 discarded: nothing runs while a store is moved. `claims`,
 * `matched` and `sent` are JSON text.
 */
export const PARTS = {
  routes: part(1, "name claims"),
  events: part(1, "seq source id type coin received_at timestamp signature test depth body"),
  deliveries: part(
    1,
    "id event route state attempts round due_at created_at finished_at replay_of matched error",
  ),
  attempts: part(3, "delivery round number started_at duration_ms outcome error sent"),
  remembered: part(2, "id source received_at"),
  kv: part(2, "route key value"),
};

function part(key: number, columns: string): { key: number; columns: readonly string[] } {
  return { key, columns: columns.split(" ") };
}

/** The name of a part. */
export type Part = keyof typeof PARTS;

/** The highest numbers ever given, which must not be given again. */
export interface Marks {
  seq: number;
  delivery: number;
}

/** A store that is moved, or moved into: nobody else uses it until it is disposed of. */
export interface Transfer extends AsyncDisposable {
  /** Names it for a person, without its password. */
  readonly label: string;
  /** Up to `limit` rows of a part that follow `after`. */
  read(part: Part, after: Row | null, limit: number): Promise<Row[]>;
  /** How many rows a part has. */
  count(part: Part): Promise<number>;
  /** The last row of a part; null when it has none. */
  last(part: Part): Promise<Row | null>;
  /** Writes rows, in one transaction. Those that are there already are left alone. */
  write(part: Part, rows: readonly Row[]): Promise<void>;
  marks(): Promise<Marks>;
  /** Has relays and commands refuse it from now on, since it is elsewhere; it can still be moved from. */
  retire(): Promise<void>;
  /** Makes it a store that relays can open. */
  finish(marks: Marks): Promise<void>;
}

/** Why the store named `label` is refused that was moved away. */
export function movedAway(label: string): string {
  return `Cannot use ${label}: what it holds was moved to another store, and would be acted on a second time. Set ` +
    '"store" in config.json to that one (if the move was interrupted at its end, run `deno task move-store` again as ' +
    "before). To use this one all the same, move it to a new place by `deno task move-store`";
}
