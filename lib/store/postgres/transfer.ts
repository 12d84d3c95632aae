/** Moves a store out of PostgreSQL, or into it. @module */
import { StoreUnusable } from "../contract.ts";
import { type Cell, type Marks, type Part, PARTS, type Row, type Transfer } from "../transfer.ts";
import { counting } from "./counters.ts";
import { Engine } from "./engine.ts";
import { giveBack } from "./give_back.ts";
import { MARK_MOVED } from "./migrations.ts";
import { filesFrom, readSettings, type Settings } from "./settings.ts";

/**
 * How parts are read of which not all stands in a table as it is to be told. Their columns come under the names that
 * {@linkcode PARTS} gives them.
 */
const SOURCES: Partial<Record<Part, string>> = {
  routes: "SELECT name, claims::text AS claims FROM routes",
  deliveries:
    `SELECT d.id, event, name AS route, CASE state WHEN 1 THEN 0 ELSE state END AS state, attempts, round,
      due_at, created_at, finished_at, replay_of, matched::text AS matched, error
    FROM deliveries d JOIN routes r ON r.id = route`,
  attempts:
    "SELECT delivery, round, number, started_at, duration_ms, outcome, error, sent::text AS sent FROM attempts",
  kv: "SELECT name AS route, key, value FROM kv JOIN routes r ON r.id = route",
};
const sourceOf = (part: Part) => SOURCES[part] ?? `SELECT ${PARTS[part].columns.join(", ")} FROM ${part}`;

/** The columns of the tables that are a part's key, where they are others than it has itself. */
const KEYS: Partial<Record<Part, readonly string[]>> = {
  deliveries: ["d.id"],
  remembered: ["digest", "source"],
  kv: ["name", "key"],
};
const keyOf = (part: Part) => KEYS[part] ?? PARTS[part].columns.slice(0, PARTS[part].key);

/** What columns of the tables take, where it is not text. Of ids only a delivery's is a number. */
const TYPES: Readonly<Record<string, string>> = {
  bigint: "seq received_at event due_at created_at finished_at replay_of delivery started_at",
  int: "depth state attempts round number",
  float8: "duration_ms",
  boolean: "test",
};

function typeOf(part: Part, column: string): string {
  if (column === "id") return part === "deliveries" ? "bigint" : "text";
  return Object.keys(TYPES).find((type) => TYPES[type]!.split(" ").includes(column)) ?? "text";
}

/** How a value of a row is made of what was sent, where it is not that itself. */
const VALUES: Record<string, string> = {
  body: "decode(g.body, 'base64')",
  route: "(SELECT r.id FROM routes r WHERE r.name = g.route)",
  claims: "g.claims::json",
  matched: "g.matched::json",
  sent: "g.sent::json",
};

/** Longest that a statement of a move may take: some look at all rows. */
const TIMEOUT_MS = 3600_000;
/** Longest wait for connections that are about to end, in milliseconds. */
const PATIENCE_MS = 3000;
const ASK_AGAIN_MS = 200;

/**
 * Opens a store to move it elsewhere. What a crashed relay left running is given back.
 *
 * @throws {StoreUnusable} when there is none, or a relay runs on it.
 */
export async function fromPostgres(url: string, baseFolder: string): Promise<Transfer> {
  const engine = await Engine.open(settingsOf(url, baseFolder), {
    patienceMs: 0,
    make: false,
    moved: true,
  });
  return await guarded(engine, async () => {
    await engine.write((tx) => giveBack(tx, "the relay stopped while it ran", Number.MAX_SAFE_INTEGER));
  });
}

/**
 * Opens a database to move a store into. Relays refuse it until that is whole.
 *
 * @throws {StoreUnusable} when it holds a store already.
 */
export async function toPostgres(url: string, baseFolder: string): Promise<Transfer> {
  const engine = await Engine.open(settingsOf(url, baseFolder), {
    patienceMs: 0,
    make: true,
    moving: true,
  });
  return await guarded(engine, async () => {
    const [begun] = await engine.write((tx) =>
      tx.query(
        `UPDATE store SET moving = true
         WHERE moving OR NOT EXISTS (SELECT FROM events) AND NOT EXISTS (SELECT FROM routes) RETURNING 1`,
      )
    );
    if (begun) return;
    throw new StoreUnusable(
      `Cannot move into ${engine.settings.label}: its schema "${engine.settings.schema}" holds a store already. ` +
        'Name another with "?schema=" in the URL',
    );
  });
}

function settingsOf(url: string, baseFolder: string): Settings {
  return { ...filesFrom(readSettings(url), baseFolder), timeoutMs: TIMEOUT_MS };
}

/** Makes sure that no relay is connected, and that the engine is closed when it cannot be used. */
async function guarded(engine: Engine, prepare: () => Promise<void>): Promise<Transfer> {
  try {
    const count = await connectionsLeft(engine);
    if (count > 0) {
      throw new StoreUnusable(
        `Cannot move ${engine.settings.label}: ${count} connections of relays or commands are open. Stop them`,
      );
    }
    await prepare();
    return new PostgresTransfer(engine);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** How many others are connected; waits for those to go that a killed process leaves behind. */
async function connectionsLeft(engine: Engine): Promise<number> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const [others] = await engine.read<{ count: number }>(
      `SELECT count(*) AS count FROM pg_stat_activity
       WHERE application_name = current_setting('application_name') AND datname = current_database()
         AND pid <> pg_backend_pid()`,
    );
    if (!others?.count || performance.now() > giveUpAt) return others?.count ?? 0;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

class PostgresTransfer implements Transfer {
  readonly label: string;

  constructor(private readonly engine: Engine) {
    this.label = engine.settings.label;
  }

  async read(part: Part, after: Row | null, limit: number): Promise<Row[]> {
    const columns = keyOf(part).join(", ");
    const key = after?.slice(0, PARTS[part].key) as (string | number)[] | undefined ?? [];
    const of = key.map((_, index) =>
      part === "remembered" && index === 0 ? "sha256(convert_to($1, 'UTF8'))" : `$${index + 1}`
    );
    const where = after ? `WHERE (${columns}) > (${of.join(", ")})` : "";
    const rows = await this.engine.read<Record<string, Cell>>(
      `${sourceOf(part)} ${where} ORDER BY ${columns} LIMIT $${key.length + 1}`,
      ...key,
      limit,
    );
    return rows.map((row) => toRow(part, row));
  }

  async count(part: Part): Promise<number> {
    const [row] = await this.engine.read<{ count: number }>(`SELECT count(*) AS count FROM ${part}`);
    return row!.count;
  }

  async last(part: Part): Promise<Row | null> {
    const order = keyOf(part).map((column) => `${column} DESC`).join(", ");
    const [row] = await this.engine.read<Record<string, Cell>>(`${sourceOf(part)} ORDER BY ${order} LIMIT 1`);
    return row ? toRow(part, row) : null;
  }

  async write(part: Part, rows: readonly Row[]): Promise<void> {
    const { columns } = PARTS[part];
    const given = columns.map((column) => `"${column}" ${typeOf(part, column)}`);
    const values = columns.map((column) => VALUES[column] ?? `g."${column}"`);
    const digested = part === "events" || part === "remembered";
    await this.engine.write((tx) =>
      tx.query(
        `INSERT INTO ${part} (${columns.join(", ")}${digested ? ", digest" : ""})
         SELECT ${values.join(", ")}${digested ? ", sha256(convert_to(g.id, 'UTF8'))" : ""}
         FROM json_to_recordset($1::json) AS g(${given.join(", ")}) ON CONFLICT DO NOTHING`,
        rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, toJson(row[index]!)]))),
      )
    );
  }

  async marks(): Promise<Marks> {
    const [row] = await this.engine.read<Marks>(
      `SELECT (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM events_seq_seq) AS seq,
         (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM deliveries_id_seq) AS delivery`,
    );
    return row!;
  }

  async retire(): Promise<void> {
    await this.engine.write((tx) => tx.script(MARK_MOVED));
  }

  async finish({ seq, delivery }: Marks): Promise<void> {
    await this.engine.write(async (tx) => {
      tx.query("DELETE FROM counters");
      tx.query(counting("SELECT route, state, 1 AS by FROM deliveries"));
      if (seq > 0) tx.query("SELECT setval('events_seq_seq', $1)", seq);
      if (delivery > 0) tx.query("SELECT setval('deliveries_id_seq', $1)", delivery);
      await tx.query("UPDATE store SET moving = false");
    });
    await this.engine.write((tx) => tx.script("ANALYZE events, deliveries, attempts"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
  }
}

function toRow(part: Part, row: Record<string, Cell>): Row {
  return PARTS[part].columns.map((column) => row[column]!);
}

function toJson(cell: Cell): string | number | boolean | null {
  return cell instanceof Uint8Array ? cell.toBase64() : cell;
}
