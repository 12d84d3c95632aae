/** How many deliveries of a route are in a state, kept beside them so that nobody has to count. @module */

/** Each connection has a counter of its own, or shares it with few: so writers seldom wait for each other. */
const SLOTS = 64;

/** A statement that adds up `rows`, which have `route`, `state` and `by`: how many more or fewer are in that state. */
export function counting(rows: string): string {
  return `INSERT INTO counters AS known (route, state, slot, count)
    SELECT route, state, pg_backend_pid() % ${SLOTS}, sum(by) FROM (${rows}) AS changed
    GROUP BY route, state HAVING sum(by) <> 0 ORDER BY route, state
    ON CONFLICT (route, state, slot) DO UPDATE SET count = known.count + excluded.count`;
}

/** Rows for {@linkcode counting}: those of `table`, which have `route`, went from one state to another. */
export function moving(table: string, from: number | string, to: number | string): string {
  return `SELECT route, ${from}::smallint AS state, -1 AS by FROM ${table}
    UNION ALL SELECT route, ${to}::smallint, 1 FROM ${table}`;
}
