/** Turns a claimed delivery into the job that its plugin gets. @module */
import type { Content, StoredEvent } from "../nouns.ts";
import { understand } from "../receive/understand.ts";
import type { Route } from "../route/resolve.ts";
import type { Claimed, Store } from "../store/contract.ts";
import type { EventForPlugin, Job } from "./contract.ts";
import { idempotencyKey } from "./idempotency.ts";

/** Makes the job for one attempt. A body that was not understood is handed on with its type empty and no data. */
export function makeJob({ delivery, event }: Claimed, route: Route, store: Pick<Store, "kvGet">): Job {
  return {
    plugin: route.plugin,
    route: route.name,
    delivery: delivery.id,
    event: eventForPlugin(event, delivery.matched),
    attempt: delivery.attempts,
    idempotencyKey: idempotencyKey(event, delivery),
    timeoutMs: route.timeoutMs,
    depth: event.depth,
    kvGet: (key) => store.kvGet(route.name, key),
  };
}

/** An event as its plugin sees it, with only the changes that were matched (indexes; null: all). */
export function eventForPlugin(event: StoredEvent, matched: number[] | null): EventForPlugin {
  const { type, coin, changes, data } = contentOf(event);
  return {
    id: event.id,
    type,
    source: event.source,
    receivedAt: new Date(event.receivedAt).toISOString(),
    coin,
    changes: matched === null ? changes ?? [] : matched.flatMap((index) => changes?.[index] ?? []),
    data,
    test: event.test,
  };
}

function contentOf(event: StoredEvent): Content {
  const content = understand(event.body);
  if (!("notUnderstood" in content)) return content;
  return {
    type: event.type ?? "",
    coin: { id: event.coin ?? "", symbol: "", name: "" },
    changes: [],
    data: {},
  };
}
