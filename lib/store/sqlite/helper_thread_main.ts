/// <reference lib="deno.worker" />
/** What runs in the helper thread: see `helper_thread.ts`. @module */
import { answer } from "../../line.ts";
import { backup } from "./backup.ts";
import { size } from "./checkpoints.ts";
import { Connection } from "./connection.ts";
import { listDeliveries } from "./list_deliveries.ts";
import { listEvents } from "./list_events.ts";
import { RouteIds } from "./routes.ts";
import type { HelperQuestions } from "./helper_thread.ts";

/** Pages that may be left in the log when a checkpoint ends; those that were added meanwhile are moved too. */
const FEW_PAGES = 100;
const MOST_GOES = 4;

let db: Connection;
let routes: RouteIds;

answer<HelperQuestions>({
  file(file) {
    db = new Connection(file);
    routes = new RouteIds(db);
  },
  events: (filter, page, recent) => listEvents(db, filter, page, recent),
  deliveries: (filter, page, recent) => listDeliveries(db, routes, filter, page, recent),
  checkpoint() {
    for (let go = 0; go < MOST_GOES; go++) {
      const { log, checkpointed } = size(db, "PASSIVE");
      if (log - checkpointed < FEW_PAGES) break;
    }
  },
  backup: (to) => backup(db.file, to),
  close: () => db.close(),
});
