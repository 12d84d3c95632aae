/// <reference lib="deno.worker" />
/** What runs in the second thread: see `thread.ts`. @module */
import { backup } from "./backup.ts";
import { size } from "./checkpoints.ts";
import { Connection } from "./connection.ts";
import { listDeliveries } from "./list_deliveries.ts";
import { listEvents } from "./list_events.ts";
import { RouteIds } from "./routes.ts";
import type { Answered, Asked, Questions } from "./thread.ts";

/** Pages that may be left in the log when a checkpoint ends; those that were added meanwhile are moved too. */
const FEW_PAGES = 100;
const MOST_GOES = 4;

type Answers = {
  [What in keyof Questions]: (
    ...takes: Questions[What]["takes"]
  ) => Questions[What]["answers"] | Promise<Questions[What]["answers"]>;
};

function answersOf(file: string): Answers {
  const db = new Connection(file);
  const routes = new RouteIds(db);
  return {
    events: (filter, page, recent) => listEvents(db, filter, page, recent),
    deliveries: (filter, page, recent) => listDeliveries(db, routes, filter, page, recent),
    checkpoint() {
      for (let go = 0; go < MOST_GOES; go++) {
        const { log, checkpointed } = size(db, "PASSIVE");
        if (log - checkpointed < FEW_PAGES) break;
      }
    },
    backup: (to) => backup(file, to),
    close: () => db.close(),
  };
}

let answers: Answers | null = null;

self.onmessage = async ({ data }: MessageEvent<string | Asked>) => {
  if (typeof data === "string") {
    answers = answersOf(data);
    return;
  }
  const { number, what, takes } = data;
  try {
    const answer = await (answers![what] as (...takes: unknown[]) => unknown)(...takes);
    self.postMessage({ number, answer } satisfies Answered);
  } catch (error) {
    const { name, message } = error as Error;
    self.postMessage({ number, failure: { name, message } } satisfies Answered);
  }
};
