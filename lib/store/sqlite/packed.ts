/** Events between the relay and its store's thread: values in a row and bodies in one piece cost half of what objects do. @module */
import type { Appended, NewEvent, PlannedDelivery } from "../contract.ts";

/** What events say, packed. */
export interface PackedFacts {
  /** {@linkcode FIELDS} values of each event. */
  values: (string | number | boolean | null)[];
  /** The bodies, one after the other. */
  bodies: Uint8Array<ArrayBuffer>;
}

/** Events, packed. */
export interface PackedEvents extends PackedFacts {
  /** The deliveries of each event that has any, by its place. */
  deliveries: Map<number, readonly PlannedDelivery[]>;
}

/** What an event says, wherever it stands and whatever is to be done about it. */
type Facts = Omit<NewEvent, "deliveries">;

/** What became of events, packed: the seq of each that was accepted, {@linkcode DUPLICATE} for the others. */
export type PackedAppended = number[];

/** Values of an event. */
const FIELDS = 10;
/** No event has it: seqs begin at 1. */
const DUPLICATE = 0;

/** Packs what events say. */
export function packFacts(events: readonly Facts[]): PackedFacts {
  const values: PackedFacts["values"] = [];
  const bodies = new Uint8Array(events.reduce((length, { body }) => length + body.length, 0));
  let at = 0;
  for (const { source, id, type, coin, receivedAt, timestamp, signature, test, depth, body } of events) {
    values.push(source, id, type, coin, receivedAt, timestamp, signature, test, depth, body.length);
    bodies.set(body, at);
    at += body.length;
  }
  return { values, bodies };
}

/** What was packed. The bodies are views into one piece. */
export function unpackFacts({ values, bodies }: PackedFacts): Facts[] {
  const events: Facts[] = [];
  let from = 0;
  for (let at = 0; at < values.length; at += FIELDS) {
    const to = from + (values[at + 9] as number);
    events.push({
      source: values[at] as string,
      id: values[at + 1] as string,
      type: values[at + 2] as string | null,
      coin: values[at + 3] as string | null,
      receivedAt: values[at + 4] as number,
      timestamp: values[at + 5] as string,
      signature: values[at + 6] as string,
      test: values[at + 7] as boolean,
      depth: values[at + 8] as number,
      body: bodies.subarray(from, to),
    });
    from = to;
  }
  return events;
}

/** Packs events. */
export function packEvents(events: readonly NewEvent[]): PackedEvents {
  const deliveries: PackedEvents["deliveries"] = new Map();
  events.forEach((event, place) => {
    if (event.deliveries.length > 0) deliveries.set(place, event.deliveries);
  });
  return { ...packFacts(events), deliveries };
}

/** The events that were packed. */
export function unpackEvents({ deliveries, ...facts }: PackedEvents): NewEvent[] {
  return unpackFacts(facts).map((event, place) => ({ ...event, deliveries: deliveries.get(place) ?? [] }));
}

/** Packs what became of events. */
export function packAppended(appended: readonly Appended[]): PackedAppended {
  return appended.map((one) => one.result === "accepted" ? one.seq : DUPLICATE);
}

/** What became of events. */
export function unpackAppended(seqs: PackedAppended): Appended[] {
  return seqs.map((seq) => seq === DUPLICATE ? { result: "duplicate" } : { result: "accepted", seq });
}
