/** The events that a trial is made with: samples, a file's body, or what is stored. @module */
import { contentOf } from "../admin/read/views.ts";
import type { StoredEvent } from "../nouns.ts";
import type { Store } from "../store/contract.ts";

/** An event with what it is called for a person. */
export interface ChosenEvent {
  label: string;
  event: StoredEvent;
}

/** An event that nobody sent, of a body; its id tells where the body is from. */
export function madeEvent(id: string, body: Uint8Array, source: string, now: number): StoredEvent {
  const content = contentOf({ body });
  return {
    seq: 0,
    source,
    id,
    type: content?.type ?? null,
    coin: content?.coin.id || null,
    receivedAt: now,
    timestamp: String(Math.floor(now / 1000)),
    signature: "",
    body,
    test: false,
    depth: 0,
  };
}

/** What a stored event is called. */
export function labelOf({ id, type, coin, receivedAt }: StoredEvent): string {
  const time = new Date(receivedAt).toISOString().replace(/\.\d+Z$/, "Z");
  return [id, type ?? "not understood", ...coin === null ? [] : [coin], time].join(" · ");
}

/** Events read at a time. */
const STEP = 200;

/** The last `count` events, in the order they were received. */
export async function* lastEvents(store: Pick<Store, "events">, count: number): AsyncGenerator<StoredEvent> {
  let first: number | null = null;
  for (let left = count; left > 0;) {
    const rows: StoredEvent[] = await store.events(
      {},
      { limit: Math.min(STEP, left), ...first === null ? {} : { before: first } },
    );
    first = rows.at(-1)?.seq ?? first;
    left -= rows.length;
    if (rows.length < STEP) break;
  }
  if (first === null) return;
  for (let after = first - 1, left = count; left > 0;) {
    const rows = await store.events({}, { limit: Math.min(STEP, left), after });
    yield* rows;
    left -= rows.length;
    if (rows.length < STEP) return;
    after = rows.at(-1)!.seq;
  }
}
