/** Moves a store out of a SQLite file, or into one. @module */
// deno-lint-ignore-file require-await -- what is read here is there at once
import { dirname } from "@std/path";
import type { StoredEvent } from "../../nouns.ts";
import { StoreUnusable } from "../contract.ts";
import { type Cell, type Marks, type Part, PARTS, type Row, type Transfer } from "../transfer.ts";
import { Engine } from "./engine.ts";
import { translateAtMaking } from "./errors.ts";
import { isThere } from "./is_there.ts";
import { lockFile } from "./lock.ts";
import { markMoved } from "./moved.ts";
import { type EventRow, toEvent } from "./rows.ts";
import { SIZES } from "./sizes.ts";

/** How parts are read that are not in one table. Their columns come under the names that {@linkcode PARTS} gives them. */
const JOINED: Partial<Record<Part, string>> = {
  deliveries:
    `SELECT d.id, event, name AS route, CASE state WHEN 1 THEN 0 ELSE state END AS state, attempts, round, due_at, created_at,
       finished_at, replay_of, matched, error FROM deliveries d JOIN routes ON routes.id = route`,
  kv: "SELECT name AS route, key, value FROM kv JOIN routes ON routes.id = route",
};
const sourceOf = (part: Part) => JOINED[part] ?? `SELECT ${PARTS[part].columns.join(", ")} FROM ${part}`;

/** The columns of the tables that are a part's key, where they have other names. */
const KEYS: Partial<Record<Part, readonly string[]>> = { deliveries: ["d.id"], kv: ["name", "key"] };
const keyOf = (part: Part) => KEYS[part] ?? PARTS[part].columns.slice(0, PARTS[part].key);

/** A part's file while it is moved into: a file of the right name is whole. */
const draftOf = (file: string) => `${file}.moving`;

/**
 * Opens a file to move it elsewhere. What a crashed relay left running is given back.
 *
 * @throws {StoreUnusable} when there is none, or a relay runs on it.
 */
export async function fromSqlite(file: string): Promise<Transfer> {
  if (!isThere(file)) throw new StoreUnusable(`There is no store at ${file}`);
  const lock = await lockFile(file).catch((error) => {
    throw translateAtMaking(error, file);
  });
  try {
    const engine = engineOf(file);
    await engine.recover();
    return new SqliteTransfer(file, engine, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/**
 * Opens a file to move a store into, under another name until that is whole.
 *
 * @throws {StoreUnusable} when there is such a file.
 */
export async function toSqlite(file: string): Promise<Transfer> {
  if (isThere(file)) {
    throw new StoreUnusable(`Cannot move into ${file}: there is such a file. Name another, or move it away`);
  }
  const lock = await prepare(draftOf(file)).catch((error) => {
    throw translateAtMaking(error, file);
  });
  return new SqliteTransfer(file, engineOf(draftOf(file)), lock);
}

async function prepare(draft: string): Promise<Disposable> {
  await Deno.mkdir(dirname(draft), { recursive: true, mode: 0o700 });
  (await Deno.open(draft, { create: true, append: true, mode: 0o600 })).close();
  return await lockFile(draft);
}

function engineOf(file: string): Engine {
  return new Engine(file, { shared: false, sizes: SIZES });
}

class SqliteTransfer implements Transfer {
  constructor(readonly label: string, private readonly engine: Engine, private readonly lock: Disposable) {}

  async read(part: Part, after: Row | null, limit: number): Promise<Row[]> {
    const columns = keyOf(part).join(", ");
    const key = after?.slice(0, PARTS[part].key).map(toBound) ?? [];
    const where = after ? `WHERE (${columns}) > (${key.map(() => "?").join(", ")})` : "";
    const sql = `${sourceOf(part)} ${where} ORDER BY ${columns} LIMIT ?`;
    return this.engine.db.all<Record<string, Cell>>(sql, ...key, limit).map((row) => toRow(part, row));
  }

  async count(part: Part): Promise<number> {
    return this.engine.db.get<{ count: number }>(`SELECT count(*) AS count FROM ${part}`)!.count;
  }

  async last(part: Part): Promise<Row | null> {
    const order = keyOf(part).map((column) => `${column} DESC`).join(", ");
    const row = this.engine.db.get<Record<string, Cell>>(`${sourceOf(part)} ORDER BY ${order} LIMIT 1`);
    return row ? toRow(part, row) : null;
  }

  async write(part: Part, rows: readonly Row[]): Promise<void> {
    const { columns } = PARTS[part];
    if (part === "events") return await this.engine.write((tx) => tx.log.adopt(tx, rows.map(toAdopted)));
    const values = columns.map((column) =>
      column === "route" ? "(SELECT id FROM routes WHERE name = ?)" : "?"
    );
    const sql = `INSERT OR IGNORE INTO ${part} (${columns.join(", ")}) VALUES (${values.join(", ")})`;
    await this.engine.write((tx) => rows.forEach((row) => tx.db.run(sql, ...row.map(toBound))));
  }

  async marks(): Promise<Marks> {
    return this.engine.db.get<Marks & Record<string, number>>(
      `SELECT max((SELECT value FROM marks WHERE name = 'last_seq'), (SELECT coalesce(max(seq), 0) FROM events)) AS seq,
         coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'), 0) AS delivery`,
    )!;
  }

  async retire(): Promise<void> {
    await this.engine.write(({ db }) => markMoved(db), { synced: true });
  }

  async finish({ seq, delivery }: Marks): Promise<void> {
    await this.engine.write(({ db }) => {
      db.run("DELETE FROM counters");
      db.run("INSERT INTO counters SELECT route, state, count(*) FROM deliveries GROUP BY route, state");
      db.run("UPDATE marks SET value = ? WHERE name = 'last_seq'", seq);
      db.run("DELETE FROM sqlite_sequence WHERE name = 'deliveries'");
      db.run("INSERT INTO sqlite_sequence VALUES ('deliveries', ?)", delivery);
    });
    await this.engine.close(); // and what is in its log goes into the file
    Deno.renameSync(draftOf(this.label), this.label);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    this.lock[Symbol.dispose]();
  }
}

function toRow(part: Part, row: Record<string, Cell>): Row {
  return PARTS[part].columns.map((column) => column === "test" ? row[column] === 1 : row[column]!);
}

function toBound(cell: Cell) {
  return typeof cell === "boolean" ? Number(cell) : cell;
}

function toAdopted(row: Row): StoredEvent {
  const cells = Object.fromEntries(PARTS.events.columns.map((column, index) => [column, row[index]!]));
  return toEvent({ ...cells, test: Number(cells["test"]) } as unknown as EventRow);
}
