/** The tables, as steps from one version of the file to the next. @module */
import { StoreOlder, StoreUnusable } from "../contract.ts";
import type { Connection } from "./connection.ts";

/**
 * Step `n` brings a file from version `n` to `n + 1`. A step that was released is never changed.
 *
 * States of a delivery: 0 pending, 1 pending behind another of its lane, 2 running, 3 done, 4 dead, 5 discarded. A
 * lane is a coin's unfinished deliveries of a route with `order: "coin"`; finished deliveries have none.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT,
    coin TEXT,
    received_at INTEGER NOT NULL,
    timestamp TEXT NOT NULL,
    signature TEXT NOT NULL,
    test INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;

  -- Sums of some thousand events each; see blocks.ts. Names as JSON; null: too many to name.
  CREATE TABLE blocks (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    received_min INTEGER NOT NULL,
    received_max INTEGER NOT NULL,
    sources TEXT,
    types TEXT,
    coins BLOB NOT NULL
  ) STRICT;

  -- Where ids are found: hashes of them, and the events that have them. Recent events are not in it yet.
  CREATE TABLE id_keys (key INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (key, seq)) STRICT, WITHOUT ROWID;

  -- Ids of deleted events that must still be known as duplicates.
  CREATE TABLE remembered (
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (id, source)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX remembered_received ON remembered (received_at);

  -- last_seq: the highest ever given, for when the newest events are deleted.
  -- id_keys: all events up to this one are in the table of that name.
  CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO marks VALUES ('last_seq', 0), ('id_keys', 0);

  CREATE TABLE routes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    lanes INTEGER NOT NULL DEFAULT 0,
    claims TEXT NOT NULL DEFAULT '[]'
  ) STRICT;

  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event INTEGER NOT NULL,
    route INTEGER NOT NULL,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    round INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    replay_of INTEGER,
    lane TEXT,
    matched TEXT,
    error TEXT
  ) STRICT;
  CREATE INDEX deliveries_due ON deliveries (route, due_at, id) WHERE state = 0;
  CREATE INDEX deliveries_state ON deliveries (route, state, id);
  CREATE INDEX deliveries_event ON deliveries (event);
  CREATE INDEX deliveries_lane ON deliveries (route, lane, state, id) WHERE lane IS NOT NULL;

  -- How many deliveries of a route are in a state.
  CREATE TABLE counters (
    route INTEGER NOT NULL,
    state INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (route, state)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE leases (
    delivery INTEGER PRIMARY KEY,
    relay TEXT NOT NULL,
    until INTEGER NOT NULL,
    started_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX leases_until ON leases (until);

  -- A round begins with each retry that a person asks for.
  CREATE TABLE attempts (
    delivery INTEGER NOT NULL,
    round INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms REAL,
    outcome TEXT NOT NULL,
    error TEXT,
    sent TEXT, -- JSON
    PRIMARY KEY (delivery, round, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE kv (
    route INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (route, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Keys of events that are not all in id_keys, in the order of the events; see key_blocks.ts.
  CREATE TABLE key_blocks (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    turns REAL NOT NULL,
    keys BLOB NOT NULL
  ) STRICT;
  `,
];

/** "coin", so that a file of another program is not taken for ours. */
const APPLICATION_ID = 0x636f696e;

/**
 * The version of a file's tables; null where there are none yet.
 *
 * @throws {StoreUnusable} when they are another program's.
 */
export function tablesOf(db: Connection): number | null {
  const tables = db.get<{ count: number }>("SELECT count(*) AS count FROM sqlite_schema")!.count;
  if (tables === 0) return null;
  const application = db.get<{ application_id: number }>("PRAGMA application_id")!.application_id;
  if (application !== APPLICATION_ID) {
    throw new StoreUnusable(
      `Cannot open ${db.file}: it is a database of another program. Name another file under "store" in config.json`,
    );
  }
  return versionOf(db);
}

/**
 * Brings the file to the newest version.
 *
 * @throws {StoreUnusable} when it was written by a newer program, or by another one.
 */
export function migrate(db: Connection): void {
  if (isNewest(db, tablesOf(db) ?? 0)) return;
  db.get("PRAGMA journal_mode = WAL");
  db.transaction(() => {
    for (const step of STEPS.slice(versionOf(db))) db.script(step);
    db.script(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${STEPS.length}`);
  });
}

/**
 * For a command beside a relay, which may still be the older program: brings nothing to another version.
 *
 * @throws {StoreUnusable} when the file is not of this program's version; {@linkcode StoreOlder} when of an earlier one.
 */
export function expectNewest(db: Connection): void {
  const version = tablesOf(db);
  if (version === null) throw new StoreUnusable(`There is no store in ${db.file} yet: start the relay once`);
  if (!isNewest(db, version)) throw new StoreOlder(db.file);
}

function isNewest({ file }: Connection, version: number): boolean {
  if (version <= STEPS.length) return version === STEPS.length;
  throw new StoreUnusable(
    `Cannot open ${file}: a newer coinrelay wrote it (version ${version}; this program knows up to ` +
      `${STEPS.length}). Run that coinrelay, or restore the backup that was made before the upgrade`,
  );
}

function versionOf(db: Connection): number {
  return db.get<{ user_version: number }>("PRAGMA user_version")!.user_version;
}
