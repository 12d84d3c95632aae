/** What is read of a file alike by whoever writes it and by whoever only reads. @module */
// deno-lint-ignore-file require-await -- what is read here is there at once
import type { Attempt, Delivery, StoredEvent } from "../../nouns.ts";
import type { EventFilter, EventKey, KvEntry, PageRequest, RouteCount } from "../contract.ts";
import { DISCARDED, routeCounts } from "../states.ts";
import type { Connection } from "./connection.ts";
import type { RouteIds } from "./routes.ts";
import {
  type AttemptRow,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  toAttempt,
  toDelivery,
  toEvent,
} from "./rows.ts";

/** Those reads of a `Store` that are quick whatever its size. */
export abstract class SqliteReads {
  constructor(protected readonly db: Connection, protected readonly routes: RouteIds) {}

  abstract events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]>;

  async event(key: EventKey): Promise<StoredEvent | null> {
    if (!("seq" in key)) return (await this.events(key, { limit: 1 }))[0] ?? null;
    const row = this.db.get<EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE seq = ?`, key.seq);
    return row ? toEvent(row) : null;
  }

  async delivery(id: number): Promise<Delivery | null> {
    const row = this.db.get<DeliveryRow>("SELECT * FROM deliveries WHERE id = ?", id);
    return row ? toDelivery(row, this.routes) : null;
  }

  async attempts(delivery: number): Promise<Attempt[]> {
    const sql = "SELECT * FROM attempts WHERE delivery = ? ORDER BY round, number";
    return this.db.all<AttemptRow>(sql, delivery).map(toAttempt);
  }

  async counts(): Promise<RouteCount[]> {
    return routeCounts(this.db.all(
      `SELECT name AS route, state, count, (
         SELECT created_at FROM deliveries d WHERE d.route = c.route AND d.state = c.state ORDER BY id LIMIT 1
       ) AS oldest
       FROM counters c JOIN routes r ON r.id = c.route
       WHERE count > 0 AND state <> ${DISCARDED} ORDER BY c.route, state`,
    ));
  }

  async kvGet(route: string, key: string): Promise<string | null> {
    const id = this.routes.find(route);
    if (id === undefined) return null;
    return this.db.get<KvEntry>("SELECT value FROM kv WHERE route = ? AND key = ?", id, key)?.value ?? null;
  }

  async kvList(route: string): Promise<KvEntry[]> {
    const id = this.routes.find(route);
    if (id === undefined) return [];
    const rows = this.db.all<KvEntry>("SELECT key, value FROM kv WHERE route = ? ORDER BY key", id);
    return rows.map(({ key, value }) => ({ key, value }));
  }
}
