/** Reads a store's file beside the thread that writes it, by a connection of its own. @module */
import type { Attempt, Delivery, StoredEvent } from "../../nouns.ts";
import type {
  DeliveryFilter,
  EventFilter,
  KvEntry,
  PageRequest,
  RouteCount,
  StoreReads,
} from "../contract.ts";
import { Connection } from "./connection.ts";
import { listDeliveries } from "./list_deliveries.ts";
import { listEvents } from "./list_events.ts";
import * as queries from "./queries.ts";
import { RouteIds } from "./routes.ts";

/** For a thread that may be held up while it reads. It sees each commit at once, and hinders none. */
export class SqliteReader implements StoreReads {
  readonly #db: Connection;
  readonly #routes: RouteIds;

  /**
   * @param file A store that a relay of this process has open.
   * @param writer Asked for what is sought by an event's id: only whoever writes the file knows the newest ids.
   */
  constructor(file: string, private readonly writer: Pick<StoreReads, "event" | "events" | "deliveries">) {
    this.#db = new Connection(file, { readOnly: true });
    this.#routes = new RouteIds(this.#db);
  }

  // deno-lint-ignore require-await
  async event(key: { seq: number } | { id: string; source?: string }): Promise<StoredEvent | null> {
    return "seq" in key ? queries.eventBySeq(this.#db, key.seq) : this.writer.event(key);
  }

  // deno-lint-ignore require-await
  async events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]> {
    return filter.id === undefined
      ? listEvents(this.#db, filter, page, [])
      : this.writer.events(filter, page);
  }

  // deno-lint-ignore require-await
  async delivery(id: number): Promise<Delivery | null> {
    return queries.delivery(this.#db, this.#routes, id);
  }

  // deno-lint-ignore require-await
  async deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Delivery[]> {
    return filter.eventId === undefined
      ? listDeliveries(this.#db, this.#routes, filter, page, [])
      : this.writer.deliveries(filter, page);
  }

  // deno-lint-ignore require-await
  async attempts(delivery: number): Promise<Attempt[]> {
    return queries.attempts(this.#db, delivery);
  }

  // deno-lint-ignore require-await
  async counts(): Promise<RouteCount[]> {
    return queries.counts(this.#db, this.#routes);
  }

  // deno-lint-ignore require-await
  async kvList(route: string): Promise<KvEntry[]> {
    return queries.kvList(this.#db, this.#routes, route);
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#db.close();
  }
}
