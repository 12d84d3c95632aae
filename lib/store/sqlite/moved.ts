/** Marks a file whose content was moved elsewhere, so that no relay acts on it a second time. @module */
import { StoreUnusable } from "../contract.ts";
import { movedAway } from "../transfer.ts";
import type { Connection } from "./connection.ts";

/** Marks it. */
export function markMoved(db: Connection): void {
  db.run("INSERT OR IGNORE INTO marks VALUES ('moved', 1)");
}

/** @throws {StoreUnusable} when it is marked. */
export function expectNotMoved(db: Connection): void {
  if (db.get("SELECT 1 FROM marks WHERE name = 'moved'")) throw new StoreUnusable(movedAway(db.file));
}
