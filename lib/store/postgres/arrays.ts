/** Numbers as PostgreSQL takes many of them at once. @module */

/**
 * Numbers for a `$1::bigint[]`. With `= ANY` each is looked up in the index, whatever the planner thinks of the table's
 * size; a join would leave it the choice to read the whole table.
 */
export function bigints(numbers: readonly number[]): string {
  return `{${numbers.join()}}`;
}
