/** Reads a store's file beside the thread that writes it, by a connection of its own. @module */
// deno-lint-ignore-file require-await -- what is read here is there at once
import type { Delivery, StoredEvent } from "../../nouns.ts";
import type { DeliveryFilter, EventFilter, PageRequest, StoreReads } from "../contract.ts";
import { Connection } from "./connection.ts";
import { listDeliveries } from "./list_deliveries.ts";
import { listEvents } from "./list_events.ts";
import { SqliteReads } from "./reads.ts";
import { RouteIds } from "./routes.ts";

/** For a thread that may be held up while it reads. It sees each commit at once, and hinders none. */
export class SqliteReader extends SqliteReads implements StoreReads {
  /**
   * @param file A store that a relay of this process has open.
   * @param writer Asked for what is sought by an event's id: only whoever writes the file knows the newest ids.
   */
  constructor(file: string, private readonly writer: Pick<StoreReads, "events" | "deliveries">) {
    const db = new Connection(file, { readOnly: true });
    super(db, new RouteIds(db));
  }

  async events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]> {
    return filter.id === undefined ? listEvents(this.db, filter, page, []) : this.writer.events(filter, page);
  }

  async deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Delivery[]> {
    return filter.eventId === undefined
      ? listDeliveries(this.db, this.routes, filter, page, [])
      : this.writer.deliveries(filter, page);
  }

  async close(): Promise<void> {
    this.db.close();
  }
}
