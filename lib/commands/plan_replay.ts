/** Which deliveries a replay makes. @module */
import { contentOf } from "../admin/read/views.ts";
import { given } from "../given.ts";
import type { Content, Delivery, StoredEvent } from "../nouns.ts";
import { compileFields } from "../pattern/field_pattern.ts";
import { fieldPaths, type Match } from "../route/table.ts";
import type { ReplayWish, Store } from "../store/contract.ts";

/** What is to be made again. Every given part must hold. */
export interface ReplayChoice {
  eventId?: string;
  source?: string;
  coin?: string;
  /** An event type, exactly. */
  type?: string;
  /** Field patterns, as in a route: at least one change that the delivery was about must match. */
  fields?: readonly string[];
  /** Deliveries of these routes. */
  routes?: readonly string[];
  /** Event received at or after; before. Milliseconds since 1970. */
  since?: number;
  until?: number;
  /** Only where the last delivery is a dead letter. */
  dead: boolean;
  /** Make deliveries of another route instead, for events that it takes. */
  to: { route: string; match(content: Content): Match[] } | null;
}

/** What planning reads. */
export type ReplayStore = Pick<Store, "event" | "events" | "deliveries">;

/** A part of the plan. */
export interface ReplayStep {
  wishes: ReplayWish[];
  /** Deliveries that are left out since they wait or run: they are made anyway. */
  underway: number;
}

/** Events read at a time: the store serves others in between. */
const STEP = 200;
/** Deliveries read at a time. */
const DELIVERIES = 1000;

/**
 * Plans a replay step by step, oldest event first. For each event and route the newest delivery decides: a replay
 * that is done twice makes nothing twice while the first still waits, and `dead` leaves out what a replay has mended.
 */
export async function* planReplay(store: ReplayStore, choice: ReplayChoice): AsyncGenerator<ReplayStep> {
  const takesField = choice.fields ? compileFields(choice.fields) : null;
  for await (const events of choice.dead ? eventsOfDead(store, choice) : eventsOf(store, choice)) {
    const newest = await newestDeliveries(store, events);
    const steps = events.map((event) => planEvent(event, newest.get(event.seq) ?? [], choice, takesField));
    yield {
      wishes: steps.flatMap(({ wishes }) => wishes),
      underway: steps.reduce((sum, one) => sum + one.underway, 0),
    };
  }
}

async function* eventsOf(store: ReplayStore, choice: ReplayChoice): AsyncGenerator<StoredEvent[]> {
  const { eventId: id, source, coin, type, since, until } = choice;
  const filter = given({ id, source, coin, type, since, until });
  for (let after = 0;;) {
    const events = await store.events(filter, { after, limit: STEP });
    yield events;
    if (events.length < STEP) return;
    after = events.at(-1)!.seq;
  }
}

/** The events that have dead letters, found by way of these: they are few among many. */
async function* eventsOfDead(store: ReplayStore, choice: ReplayChoice): AsyncGenerator<StoredEvent[]> {
  const { routes, eventId, source, coin, since, until } = choice;
  const filter = given({ states: ["dead" as const], routes, eventId, source, coin, since, until });
  const seen = new Set<number>();
  for (let after = 0;;) {
    const rows = await store.deliveries(filter, { after, limit: STEP });
    const seqs = [...new Set(rows.map(({ event }) => event))].filter((seq) => !seen.has(seq));
    seqs.forEach((seq) => seen.add(seq));
    const events = await Promise.all(seqs.map((seq) => store.event({ seq })));
    yield events.filter((event) =>
      event !== null && (choice.type === undefined || event.type === choice.type)
    ) as StoredEvent[];
    if (rows.length < STEP) return;
    after = rows.at(-1)!.id;
  }
}

/** The newest delivery of each route, for each event. */
async function newestDeliveries(
  store: ReplayStore,
  events: readonly StoredEvent[],
): Promise<Map<number, Delivery[]>> {
  const newest = new Map<number, Map<string, Delivery>>();
  const filter = { events: events.map(({ seq }) => seq), discarded: true };
  for (let after = 0; events.length > 0;) {
    const rows = await store.deliveries(filter, { after, limit: DELIVERIES });
    for (const row of rows) {
      const routes = newest.get(row.event) ?? new Map<string, Delivery>();
      newest.set(row.event, routes.set(row.route, row));
    }
    if (rows.length < DELIVERIES) break;
    after = rows.at(-1)!.id;
  }
  return new Map([...newest].map(([event, routes]) => [event, [...routes.values()]]));
}

function planEvent(
  event: StoredEvent,
  deliveries: readonly Delivery[],
  choice: ReplayChoice,
  takesField: ((field: string) => boolean) | null,
): ReplayStep {
  const content = contentOf(event);
  const aboutField = (matched: number[] | null) =>
    takesField === null || (content !== null && pathsOf(content, matched).some(takesField));
  const chosen = deliveries.filter((delivery) =>
    (choice.routes?.includes(delivery.route) ?? true) &&
    (!choice.dead || (delivery.state === "dead" && !delivery.discarded)) && aboutField(delivery.matched)
  );
  if (choice.to === null) return split(event, chosen);
  const { route, match } = choice.to;
  const narrowed = choice.dead || choice.routes !== undefined;
  if (narrowed ? chosen.length === 0 : !aboutField(null)) return { wishes: [], underway: 0 };
  const taken = content === null ? undefined : match(content).find((one) => one.route === route);
  if (taken === undefined) return { wishes: [], underway: 0 };
  const before = deliveries.find((delivery) => delivery.route === route);
  if (before !== undefined && isUnderway(before)) return { wishes: [], underway: 1 };
  return {
    wishes: [{ event: event.seq, route, matched: taken.matched, replayOf: before?.id ?? null }],
    underway: 0,
  };
}

function split({ seq }: StoredEvent, deliveries: readonly Delivery[]): ReplayStep {
  const underway = deliveries.filter(isUnderway);
  return {
    wishes: deliveries.filter((one) => !underway.includes(one)).map(({ id, route, matched }) => ({
      event: seq,
      route,
      matched,
      replayOf: id,
    })),
    underway: underway.length,
  };
}

const isUnderway = ({ state }: Delivery) => state === "pending" || state === "running";

/** The paths that a delivery was about. */
function pathsOf(content: Content, matched: number[] | null): string[] {
  const paths = fieldPaths(content);
  return matched === null ? paths : matched.flatMap((index) => paths[index] ?? []);
}
