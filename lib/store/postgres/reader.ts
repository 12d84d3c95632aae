/** Reads events, deliveries, attempts and what routes remember. @module */
import type { Attempt, Delivery, StoredEvent } from "../../nouns.ts";
import { all, type Condition, where } from "../conditions.ts";
import type {
  DeliveryFilter,
  EventFilter,
  EventKey,
  KvEntry,
  PageRequest,
  RouteCount,
  StoreReads,
} from "../contract.ts";
import { DISCARDED, routeCounts } from "../states.ts";
import { numbered, ofDeliveries, ofEvents } from "./conditions.ts";
import { Engine } from "./engine.ts";
import {
  type AttemptRow,
  DELIVERY_COLUMNS,
  type DeliveryRow,
  EVENT_COLUMNS,
  type EventRow,
  toAttempt,
  toDelivery,
  toEvent,
} from "./rows.ts";
import { filesFrom, readSettings } from "./settings.ts";

/** Connections of a store that is only read: two that read, and as many as are kept for writers, which are never made. */
const CONNECTIONS = 4;

const FROM_EVENTS = `SELECT ${EVENT_COLUMNS} FROM events e`;
const FROM_DELIVERIES = `SELECT ${DELIVERY_COLUMNS} FROM deliveries d JOIN routes r ON r.id = d.route`;

/** A store that is only read. */
export class PostgresReader implements StoreReads {
  constructor(protected readonly engine: Engine) {}

  /**
   * Connects to what a relay of this process has open, by few connections, made when they are needed.
   *
   * @param url See `readSettings`. Relative files in it are taken from `baseFolder`.
   * @throws {StoreUnusable} when that cannot be done; the message says what to do.
   */
  static async openBeside(url: string, baseFolder: string): Promise<PostgresReader> {
    const settings = { ...filesFrom(readSettings(url), baseFolder), connections: CONNECTIONS };
    return new PostgresReader(await Engine.open(settings, { patienceMs: 0, make: false, asTheyAre: true }));
  }

  async event(key: EventKey): Promise<StoredEvent | null> {
    if (!("seq" in key)) return (await this.events(key, { limit: 1 }))[0] ?? null;
    const [row] = await this.engine.read<EventRow>(`${FROM_EVENTS} WHERE e.seq = $1`, key.seq);
    return row ? toEvent(row) : null;
  }

  async events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]> {
    const { coins, ...rest } = filter;
    if (coins !== undefined && rest.coin === undefined) {
      // Each has its own stretch of an index, in the order of a page.
      const pages = await Promise.all(
        [...new Set(coins)].map((coin) => this.events({ ...rest, coin }, page)),
      );
      const order = page.after === undefined ? -1 : 1;
      return pages.flat().sort((a, b) => order * (a.seq - b.seq)).slice(0, page.limit);
    }
    if (coins !== undefined && !coins.includes(rest.coin!)) return [];
    return (await this.#page<EventRow>(FROM_EVENTS, "e.seq", ofEvents(filter), page)).map(toEvent);
  }

  async delivery(id: number): Promise<Delivery | null> {
    const [row] = await this.engine.read<DeliveryRow>(`${FROM_DELIVERIES} WHERE d.id = $1`, id);
    return row ? toDelivery(row) : null;
  }

  async deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Delivery[]> {
    return (await this.#page<DeliveryRow>(FROM_DELIVERIES, "d.id", ofDeliveries(filter), page)).map(
      toDelivery,
    );
  }

  async attempts(delivery: number): Promise<Attempt[]> {
    const rows = await this.engine.read<AttemptRow>(
      "SELECT number, started_at, duration_ms, outcome, error, sent FROM attempts WHERE delivery = $1 ORDER BY round, number",
      delivery,
    );
    return rows.map(toAttempt);
  }

  async counts(): Promise<RouteCount[]> {
    return routeCounts(
      await this.engine.read(
        `SELECT r.name AS route, c.state, c.count, (
         SELECT d.created_at FROM deliveries d WHERE d.route = c.route AND d.state = c.state ORDER BY d.id LIMIT 1
       ) AS oldest
       FROM (
         SELECT route, state, sum(count)::bigint AS count FROM counters WHERE state <> ${DISCARDED} GROUP BY route, state
       ) AS c JOIN routes r ON r.id = c.route WHERE c.count > 0 ORDER BY c.route, c.state`,
      ),
    );
  }

  async kvGet(route: string, key: string): Promise<string | null> {
    const [row] = await this.engine.read<{ value: string }>(
      "SELECT value FROM kv JOIN routes r ON r.id = kv.route WHERE r.name = $1 AND key = $2",
      route,
      key,
    );
    return row?.value ?? null;
  }

  async kvList(route: string): Promise<KvEntry[]> {
    const rows = await this.engine.read<KvEntry>(
      "SELECT key, value FROM kv JOIN routes r ON r.id = kv.route WHERE r.name = $1 ORDER BY key",
      route,
    );
    return [...rows]; // the driver's list tells more than that
  }

  async close(): Promise<void> {
    await this.engine.close();
  }

  #page<Row>(select: string, key: string, fits: Condition, page: PageRequest): Promise<Row[]> {
    const { sql, bound } = all([
      fits,
      page.before === undefined ? null : where(`${key} < ?`, page.before),
      page.after === undefined ? null : where(`${key} > ?`, page.after),
    ]);
    const order = page.after === undefined ? "DESC" : "ASC";
    return this.engine.read<Row>(
      numbered(`${select} WHERE ${sql} ORDER BY ${key} ${order} LIMIT ?`),
      ...bound,
      page.limit,
    );
  }
}
