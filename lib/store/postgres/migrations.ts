/** The tables, as steps from one version to the next. @module */
import { StoreOlder, StoreUnusable } from "../contract.ts";
import { movedAway } from "../transfer.ts";
import type { Connection } from "./connection.ts";
import type { Locks } from "./locks.ts";
import type { Settings } from "./settings.ts";

/** A step that was released is never changed. */
interface Step {
  sql: string;
  /**
   * The lowest version whose program can go on beside these tables. A step that only adds (columns that have a default
   * or may be null, tables, indexes) leaves it as it was; so relays are upgraded one by one.
   */
  oldest: number;
}

/**
 * Step `n` brings the tables from version `n` to `n + 1`.
 *
 * States of a delivery: 0 pending, 1 pending behind another of its lane, 2 running, 3 done, 4 dead, 5 discarded. A
 * lane is a coin's unfinished deliveries of a route with `order: "coin"`; finished deliveries have none. Texts of any
 * length are found by their digest or their beginning, since an index takes no long ones.
 */
const STEPS: readonly Step[] = [{
  oldest: 1,
  sql: `
  CREATE TABLE events (
    seq bigserial PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL, -- of the id
    type text COLLATE "C",
    coin text COLLATE "C",
    received_at bigint NOT NULL,
    timestamp text NOT NULL,
    signature text NOT NULL,
    test boolean NOT NULL,
    depth int NOT NULL,
    body bytea NOT NULL
  );
  CREATE UNIQUE INDEX events_id ON events (digest, source);
  CREATE INDEX events_coin ON events (left(coin, 100), seq) WHERE coin IS NOT NULL;
  CREATE INDEX events_type ON events (left(type, 100), seq);
  CREATE INDEX events_received ON events (received_at);

  -- Ids of deleted events that must still be known as duplicates.
  CREATE TABLE remembered (
    digest bytea NOT NULL,
    source text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (digest, source)
  );
  CREATE INDEX remembered_received ON remembered (received_at);

  CREATE TABLE routes (
    id serial PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    lanes boolean NOT NULL DEFAULT false,
    claims json NOT NULL DEFAULT '[]'
  );

  CREATE TABLE deliveries (
    id bigserial PRIMARY KEY,
    event bigint NOT NULL,
    route int NOT NULL,
    state smallint NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    round int NOT NULL DEFAULT 0,
    due_at bigint NOT NULL,
    created_at bigint NOT NULL,
    finished_at bigint,
    replay_of bigint,
    matched json,
    error text,
    lane bytea, -- the digest of the coin
    relay text COLLATE "C",
    lease_until bigint,
    started_at bigint
  ) WITH (autovacuum_vacuum_scale_factor = 0.05);
  CREATE INDEX deliveries_due ON deliveries (route, due_at, id) WHERE state = 0;
  CREATE INDEX deliveries_state ON deliveries (route, state, id);
  CREATE INDEX deliveries_event ON deliveries (event);
  CREATE INDEX deliveries_lane ON deliveries (route, lane, state, id) WHERE lane IS NOT NULL;
  CREATE INDEX deliveries_lease ON deliveries (lease_until) WHERE state = 2;

  CREATE TABLE counters (
    route int NOT NULL,
    state smallint NOT NULL,
    slot int NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (route, state, slot)
  ) WITH (fillfactor = 50);

  -- A round begins with each retry that a person asks for.
  CREATE TABLE attempts (
    delivery bigint NOT NULL,
    round int NOT NULL,
    number int NOT NULL,
    started_at bigint NOT NULL,
    duration_ms float8,
    outcome text NOT NULL,
    error text,
    sent json,
    PRIMARY KEY (delivery, round, number)
  );

  CREATE TABLE kv (
    route int NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (route, key)
  );

  -- What one relay does for all, and until when nobody else may.
  CREATE TABLE tasks (
    name text COLLATE "C" PRIMARY KEY,
    relay text NOT NULL,
    until bigint NOT NULL
  );`,
}];

/** As the lowest version whose program can use the tables: none can, since they were moved elsewhere. */
const MOVED_AWAY = 2 ** 31 - 1;
/** Marks the tables as moved elsewhere. */
export const MARK_MOVED = `UPDATE store SET oldest = ${MOVED_AWAY}`;

const READ = "SELECT version, oldest, moving FROM store";

interface Found {
  version: number;
  oldest: number;
  moving: boolean;
}

/** How tables are brought to the newest version. */
export interface MigrateOptions {
  /** Whether to make them where there are none. */
  make: boolean;
  /** Whether to leave those of an older program alone. Default false. */
  asTheyAre?: boolean;
  /** Whether they may hold a store that was not moved there wholly yet. */
  moving?: boolean;
  /** Whether what they hold may have been moved elsewhere. */
  moved?: boolean;
}

/**
 * Brings the tables to the newest version, one relay at a time.
 *
 * @throws {StoreUnusable} when there are none, or a newer program has brought them to where this one cannot follow.
 * @throws {StoreOlder} when they are older and to be left alone.
 */
export async function migrate(
  connection: Connection,
  settings: Settings,
  locks: Locks,
  options: MigrateOptions,
): Promise<void> {
  const { schema, label } = settings;
  const fit = (found: Found | undefined) => check(found, settings, options);
  if (fit(await read(connection, schema))) return;
  // A statement that waits for a table must not make all others wait behind it for long.
  await connection.script(`BEGIN; SET LOCAL lock_timeout = '5s'; ${locks.tables}`);
  try {
    const found = await read(connection, schema);
    if (!fit(found)) {
      if (!found) {
        if (!options.make) {
          throw new StoreUnusable(`There is no store in ${label}, schema "${schema}": start the relay once`);
        }
        const [known] = await connection.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema);
        if (!known) await connection.script(`CREATE SCHEMA ${schema}`);
        await connection.script(
          `CREATE TABLE store (version int NOT NULL, oldest int NOT NULL, beats bigint NOT NULL, moving boolean NOT NULL);
           INSERT INTO store VALUES (0, 0, 0, false)`,
        );
      }
      for (const step of STEPS.slice(found?.version ?? 0)) await connection.script(step.sql);
      await connection.script(
        `UPDATE store SET version = ${STEPS.length}, oldest = greatest(oldest, ${STEPS.at(-1)!.oldest})`,
      );
    }
    await connection.script("COMMIT");
  } catch (error) {
    if (connection.usable) await connection.script("ROLLBACK");
    throw error;
  }
}

async function read(connection: Connection, schema: string): Promise<Found | undefined> {
  const [table] = await connection.query(
    "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'store'",
    schema,
  );
  return table ? (await connection.query<Found>(READ))[0] : undefined;
}

/** Whether the tables can be used as they are. */
function check(
  found: Found | undefined,
  { label, schema }: Settings,
  { moving, moved, asTheyAre }: MigrateOptions,
): boolean {
  if (!found) return false;
  if (found.oldest === MOVED_AWAY) {
    if (!moved) throw new StoreUnusable(movedAway(`${label}, schema "${schema}"`));
  } else if (found.oldest > STEPS.length) {
    throw new StoreUnusable(
      `Cannot use ${label}: a newer coinrelay has its tables (schema "${schema}", version ${found.version}, usable ` +
        `from version ${found.oldest}; this program knows up to ${STEPS.length}). Run that coinrelay`,
    );
  }
  if (found.moving && !moving) {
    throw new StoreUnusable(
      `Cannot use ${label}: a store was being moved into its schema "${schema}", and that was interrupted. Run ` +
        "`deno task move-store` again as before: it goes on where it was",
    );
  }
  if (found.version >= STEPS.length) return true;
  if (asTheyAre) throw new StoreOlder(`${label}, schema "${schema}"`);
  return false;
}
