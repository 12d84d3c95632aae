/// <reference lib="deno.worker" />
/** What runs in the helper thread: see `helper_thread.ts`. @module */
import { answer } from "../../line.ts";
import { backup } from "./backup.ts";
import { checkpoint } from "./checkpoints.ts";
import { Connection } from "./connection.ts";
import { listDeliveries } from "./list_deliveries.ts";
import { listEvents } from "./list_events.ts";
import { RouteIds } from "./routes.ts";
import type { HelperQuestions } from "./helper_thread.ts";

/** How often a checkpoint begins anew because something was committed meanwhile. */
const MOST_GOES = 20;

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
      checkpoint(db, "PASSIVE");
      // Only what has moved the whole log syncs the database, which takes longer than all the rest: it must be done here,
      // not by the next commit that finds the log moved but for a few pages.
      const { log, checkpointed } = checkpoint(db, "NOOP");
      if (log === checkpointed) break;
    }
  },
  backup: (to) => backup(db.file, to),
  close: () => db.letGo(),
});
