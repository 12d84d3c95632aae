/** Inserts many rows with few statements. @module */
import type { Bound, Connection } from "./connection.ts";

/** Rows of one statement, largest first. Each is prepared once and kept. */
const ROWS = [64, 32, 16, 8, 4, 2, 1];

/**
 * Inserts rows of `width` columns.
 *
 * @param insert The statement up to `VALUES`.
 * @param values All rows' values, one row after the other.
 */
export function insertMany(db: Connection, insert: string, width: number, values: Bound[]): void {
  let at = 0;
  for (const size of ROWS) {
    const step = size * width;
    while (values.length - at >= step) {
      db.run(
        statement(insert, width, size),
        ...(at === 0 && step === values.length ? values : values.slice(at, at + step)),
      );
      at += step;
    }
  }
}

const statements = new Map<string, string>();

function statement(insert: string, width: number, size: number): string {
  const name = `${insert} ${width} ${size}`;
  let sql = statements.get(name);
  if (sql === undefined) {
    const row = `(${Array(width).fill("?").join()})`;
    statements.set(name, sql = `${insert} VALUES ${Array(size).fill(row).join()}`);
  }
  return sql;
}
