/** Turns a claimed delivery into the job that its plugin gets. @module */
import type { Content, EventForPlugin, StoredEvent } from "../nouns.ts";
import { understand } from "../receive/understand.ts";
import type { Route } from "../route/resolve.ts";
import type { Claimed, Store } from "../store/contract.ts";
import type { Job } from "./contract.ts";
import { digestOf } from "./digest.ts";
import { digestKey, idempotencyKey } from "./idempotency.ts";

/**
 * Makes the job for one attempt: of one delivery, or of several that a digest gathered. A body that was not understood
 * is handed on with its type empty and no data.
 */
export function makeJob(
  batch: readonly Claimed[],
  route: Route,
  store: Pick<Store, "kvGet">,
  now: number,
): Job {
  const [first] = batch;
  if (first === undefined) throw new RangeError("Cannot make a job: no delivery was claimed");
  const keys = batch.map(({ event, delivery }) => idempotencyKey(event, delivery));
  const key = keys.length === 1 ? keys[0]! : digestKey(keys);
  return {
    plugin: route.plugin,
    route: route.name,
    delivery: first.delivery.id,
    event: digestOf(batch.map(seenByPlugin), key, now),
    attempt: first.delivery.attempts,
    idempotencyKey: key,
    timeoutMs: route.timeoutMs,
    concurrency: route.concurrency,
    depth: Math.max(...batch.map(({ event }) => event.depth)),
    kvGet: (name) => store.kvGet(route.name, name),
  };
}

/** The event of a delivery as its plugin sees it. */
export function seenByPlugin({ event, delivery }: Claimed): EventForPlugin {
  return eventForPlugin(event, delivery.matched);
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

/** What an event says, all of its changes included. */
export function contentOf(event: StoredEvent): Content {
  const content = understand(event.body);
  if (!("notUnderstood" in content)) return content;
  return {
    type: event.type ?? "",
    coin: { id: event.coin ?? "", symbol: "", name: "" },
    changes: [],
    data: {},
  };
}
