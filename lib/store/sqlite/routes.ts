/** The numbers that stand for route names in the tables. @module */
import type { Connection } from "./connection.ts";

/** Remembers route names by number and numbers by name. */
export class RouteIds {
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #lanes = new Map<number, boolean>();

  constructor(private readonly db: Connection) {}

  /** The number of a route, if any delivery was ever planned or asked for. */
  find(name: string): number | undefined {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const row = this.db.get<{ id: number }>("SELECT id FROM routes WHERE name = ?", name);
    return row && this.#remember(row.id, name);
  }

  /** The number of a route, made if need be. Inside a transaction. */
  id(name: string): number {
    const known = this.find(name);
    if (known !== undefined) return known;
    const row = this.db.get<{ id: number }>("INSERT INTO routes (name) VALUES (?) RETURNING id", name);
    return this.#remember(row!.id, name);
  }

  /** The name behind a number. */
  name(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const { name } = this.db.get<{ name: string }>("SELECT name FROM routes WHERE id = ?", id)!;
    this.#remember(id, name);
    return name;
  }

  /** Whether a route's deliveries are kept in order; see `lanes.ts`. */
  hasLanes(id: number): boolean {
    let lanes = this.#lanes.get(id);
    if (lanes === undefined) {
      lanes = this.db.get<{ lanes: number }>("SELECT lanes FROM routes WHERE id = ?", id)!.lanes === 1;
      this.#lanes.set(id, lanes);
    }
    return lanes;
  }

  /** Inside a transaction. */
  setLanes(id: number, lanes: boolean): void {
    this.db.run("UPDATE routes SET lanes = ? WHERE id = ?", Number(lanes), id);
    this.#lanes.set(id, lanes);
  }

  /** Every route that any delivery was ever planned or asked for. */
  names(): string[] {
    return this.db.all<{ name: string }>("SELECT name FROM routes").map(({ name }) => name);
  }

  /** Forgets all: after a rollback, or when another process may have written, it may not be what it was. */
  clear(): void {
    this.#ids.clear();
    this.#names.clear();
    this.#lanes.clear();
  }

  #remember(id: number, name: string): number {
    this.#ids.set(name, id);
    this.#names.set(id, name);
    return id;
  }
}
