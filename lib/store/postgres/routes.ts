/** Rows that stand for routes, made before anything refers to them. @module */
import type { Pool } from "./pool.ts";

/** Remembers which routes have a row. */
export class Routes {
  readonly #known = new Set<string>();

  constructor(private readonly pool: Pool) {}

  /** Makes sure that these routes have rows, by a transaction of its own: a row does no harm where nothing follows. */
  async ensure(names: Iterable<string>): Promise<void> {
    const unknown = [...new Set(names)].filter((name) => !this.#known.has(name)).sort();
    if (unknown.length === 0) return;
    await this.pool.use("write", (connection) =>
      connection.query(
        `INSERT INTO routes (name) SELECT value FROM json_array_elements_text($1::json)
         ON CONFLICT (name) DO NOTHING`,
        unknown,
      ));
    for (const name of unknown) this.#known.add(name);
  }

  /** Forgets all: the tables may not be what they were. */
  forget(): void {
    this.#known.clear();
  }
}
