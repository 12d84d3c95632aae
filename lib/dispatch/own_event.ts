/** Events that nobody sent: those that plugins emit, and those in which the relay speaks of itself. @module */
import type { Coin, Content, JsonObject } from "../nouns.ts";
import type { Plan } from "../route/plan.ts";
import type { NewEvent } from "../store/contract.ts";

/** The source of every event that the relay makes itself. */
export const OWN_SOURCE = "relay";

/** What an own event says. */
export interface OwnEvent {
  /** Unique in the source `relay`: the same id is stored once. */
  id: string;
  type: string;
  coin: Coin | null;
  data: JsonObject;
  test: boolean;
  depth: number;
}

/** Makes an own event ready to be stored and routed like any other. `now` in milliseconds since 1970. */
export function ownEvent(event: OwnEvent, plan: Plan, now: number): NewEvent {
  const { id, type, coin, data, test, depth } = event;
  const content: Content = { type, coin: coin ?? { id: "", symbol: "", name: "" }, changes: null, data };
  return {
    source: OWN_SOURCE,
    id,
    type,
    coin: content.coin.id || null,
    receivedAt: now,
    timestamp: "",
    signature: "",
    body: new TextEncoder().encode(JSON.stringify({ event_type: type, ...(coin && { coin }), data })),
    test,
    depth,
    deliveries: plan(content, now),
  };
}
