/**
 * What the relay asks of a store, whatever its engine. Every engine passes `tests/store/contract.ts`.
 *
 * All times are milliseconds since 1970, and come from the caller: a store has no clock of its own. Every method
 * that writes is one transaction: when its promise resolves, all of it is on disk and synced (unless the method says
 * otherwise); when it rejects with {@linkcode StoreUnavailable}, none of it happened.
 *
 * Text is kept as Unicode without the zero character: a zero character, and half of a surrogate pair, becomes U+FFFD.
 *
 * @module
 */
import type { Attempt, Delivery, DeliveryState, StoredEvent } from "../nouns.ts";

/** An event to append, with one planned delivery for each route that matched it. */
export interface NewEvent extends Omit<StoredEvent, "seq"> {
  /** One for each route that takes it. */
  deliveries: readonly PlannedDelivery[];
}

/** A delivery to be made of a new event. */
export interface PlannedDelivery {
  /** Name of the route. */
  route: string;
  /** Indexes into the event's changes; null when the route takes the event whole. */
  matched: number[] | null;
  /** When it may be tried first. */
  dueAt: number;
}

/** `duplicate`: an event of this (source, id) was stored before, or earlier in the same call; nothing was written. */
export type Appended = { result: "accepted"; seq: number } | { result: "duplicate" };

/** At most `count` in any stretch of `perMs` milliseconds. */
export interface Rate {
  /** Whole, at least 1. */
  count: number;
  /** Length of the stretch, in milliseconds. */
  perMs: number;
}

/** How a route's deliveries are to be taken. */
export interface ClaimRoute {
  /** Name of the route. */
  route: string;
  /** Take at most this many. */
  limit: number;
  /** `coin`: never two of one coin at a time, and strictly in the order received. */
  order: "any" | "coin";
  /** Of this route's claims, by all relays together; null: no limit. */
  rate: Rate | null;
}

/** Asks for deliveries to run. */
export interface ClaimRequest {
  /** Names the claiming relay process; a lease is held under this name. */
  relay: string;
  /** What falls due up to then is taken. */
  now: number;
  /** The lease ends then, unless renewed; after that anyone may claim the delivery again. */
  leaseUntil: number;
  /**
   * Deliveries that the caller knows it runs: they are not given back, whatever a clock did to their leases, nor taken
   * again where a crash of the database undid their claims.
   */
  holding?: readonly number[];
  /** The routes in force. Deliveries of others wait. */
  routes: readonly ClaimRoute[];
}

/** A delivery that the caller now holds, with its event. */
export interface Claimed {
  /** `delivery.attempts` counts the attempt that begins now. */
  delivery: Delivery;
  /** The event to be acted on. */
  event: StoredEvent;
}

/** What {@linkcode Store.claim} answers. */
export interface ClaimResult {
  /** Those that the caller now holds. */
  claimed: Claimed[];
  /** When the next delivery of the asked routes falls due (or may be claimed under its rate); null: none waits. */
  nextDueAt: number | null;
}

/** The end of an attempt, and what becomes of its delivery. */
export interface Settlement {
  /** Id of the delivery. */
  delivery: number;
  /** Null when no attempt took place after all: the claim is undone, and counts neither as an attempt nor for the rate. */
  attempt: Attempt | null;
  /**
   * Where `attempt` is null, the claim that is undone, by `delivery.attempts`: a later one of the same relay stays.
   * Default: whichever it holds.
   */
  undoes?: number;
  /** What becomes of the delivery. */
  next: { state: "done" } | { state: "dead" } | { state: "pending"; dueAt: number };
  /** The route whose kv the writes belong to. */
  route: string;
  /** Written together with the result, or not at all. `value: null` deletes. JSON text. */
  kv: readonly { key: string; value: string | null }[];
  /** Appended together with the result, deduplicated like any event. */
  emitted: readonly NewEvent[];
}

/** Asks for a new delivery of a stored event. */
export interface ReplayWish {
  /** {@linkcode StoredEvent.seq} of the event. */
  event: number;
  /** Name of the route that is to act. */
  route: string;
  /** As {@linkcode PlannedDelivery.matched}. */
  matched: number[] | null;
  /** The delivery that is replayed, if there was one. */
  replayOf: number | null;
}

/** Narrows deliveries. Every given part must hold. */
export interface DeliveryFilter {
  /** One of these deliveries. */
  ids?: readonly number[];
  /** Of the events of these seqs. */
  events?: readonly number[];
  /** In one of these states. */
  states?: readonly DeliveryState[];
  /** Of one of these routes. */
  routes?: readonly string[];
  /** Of events of this source. */
  source?: string;
  /** Of events with this id. */
  eventId?: string;
  /** Of events of this coin. */
  coin?: string;
  /** Event received at or after. */
  since?: number;
  /** Event received before. */
  until?: number;
  /** Default false: discarded dead letters are left out. */
  discarded?: boolean;
}

/** Names an event: by its seq, or by its id (and source, where several sources have it). */
export type EventKey = { seq: number } | { id: string; source?: string };

/** Narrows events. Every given part must hold. */
export interface EventFilter {
  /** Of this source. */
  source?: string;
  /** With this id, whatever the source. */
  id?: string;
  /** Of this coin. */
  coin?: string;
  /** Of one of these coins. */
  coins?: readonly string[];
  /** An event type, exactly. */
  type?: string;
  /** Only bodies that were not understood. */
  notUnderstood?: boolean;
  /** Received at or after. */
  since?: number;
  /** Received before. */
  until?: number;
}

/** Where a listing goes on. Rows come newest first unless `after` is given. */
export interface PageRequest {
  /** Most rows to answer. */
  limit: number;
  /** Rows older than this seq (events) or id (deliveries), newest first. */
  before?: number;
  /** Rows newer than this seq or id, oldest first. */
  after?: number;
}

/** How many deliveries of a route stand where. Discarded dead letters do not count. */
export interface RouteCount {
  /** Name of the route. */
  route: string;
  /** The state that is counted. */
  state: DeliveryState;
  /** Deliveries in that state. */
  count: number;
  /** The earliest `createdAt` among them. */
  oldest: number;
}

/** What a route remembers. */
export interface KvEntry {
  /** Chosen by the plugin. */
  key: string;
  /** JSON text. */
  value: string;
}

/** A store holds events, deliveries, attempts and what routes remember. */
export interface Store {
  /**
   * Commits all of `events` with their deliveries in one transaction, each deduplicated by (source, id) in the same
   * step. Answers in the order given. Safe to call while another call runs.
   */
  append(events: readonly NewEvent[]): Promise<Appended[]>;

  /**
   * Takes due deliveries and marks them `running` under a lease. First gives back those whose lease has ended, their
   * attempt recorded as `interrupted`. No two relays get the same delivery. May be lost in a power cut, or when a
   * database's server crashes (not when the relay does): then they are pending as before.
   */
  claim(request: ClaimRequest): Promise<ClaimResult>;

  /** Extends the leases that `relay` holds on `deliveries`; answers the ids that it still holds. */
  renew(relay: string, deliveries: readonly number[], leaseUntil: number): Promise<number[]>;

  /**
   * Ends attempts. A settlement whose lease `relay` has lost is refused as a whole (answered false), since another
   * attempt has it now.
   */
  settle(relay: string, settlements: readonly Settlement[], now: number): Promise<boolean[]>;

  /** The event of this name; null when there is none. */
  event(key: EventKey): Promise<StoredEvent | null>;
  /** Events that fit, page by page. */
  events(filter: EventFilter, page: PageRequest): Promise<StoredEvent[]>;
  /** The delivery of this id; null when there is none. */
  delivery(id: number): Promise<Delivery | null>;
  /** Deliveries that fit, page by page. */
  deliveries(filter: DeliveryFilter, page: PageRequest): Promise<Delivery[]>;
  /** The attempts of a delivery, first to last. */
  attempts(delivery: number): Promise<Attempt[]>;
  /** How many deliveries stand where, by route. Cheap whatever the store's size. */
  counts(): Promise<RouteCount[]>;

  /** Makes dead or waiting deliveries due now, with their attempts starting afresh; answers how many. */
  retry(filter: DeliveryFilter, now: number): Promise<number>;
  /**
   * Makes discarded dead letters of dead letters, and of what waits where `filter.states` names `pending`; answers how
   * many.
   */
  discard(filter: DeliveryFilter, now: number): Promise<number>;
  /**
   * Makes a new delivery of a stored event for a route, whatever was made before; answers their ids. A wish for an
   * event that is not there is left out.
   */
  replay(wishes: readonly ReplayWish[], now: number): Promise<number[]>;

  /**
   * For a clock that was set back by `byMs`: what waits for its next attempt, was due at once, or was made due by
   * {@linkcode retry}, falls due that much earlier (not before `now`), so that it waits no longer than it should. What
   * waits for a time of day stays. Answers how many were moved. Only stores with one relay have it: others follow no
   * single clock.
   */
  rewind?(now: number, byMs: number): Promise<number>;

  /** JSON text of an entry; null when there is none. */
  kvGet(route: string, key: string): Promise<string | null>;
  /** All entries of a route, by key. */
  kvList(route: string): Promise<KvEntry[]>;

  /**
   * Deletes up to `limit` events (with deliveries, attempts) received before `olderThan` that no pending, running or
   * undiscarded dead delivery needs; forgets the ids of deleted events received before `forgetIdsBefore`. Answers how
   * many events it deleted; fewer than `limit` means that none is left.
   */
  prune(olderThan: number, forgetIdsBefore: number, limit: number): Promise<number>;

  /**
   * Has `run` do what is to be done by one relay for all (`task` names it), unless another began it within the last
   * `ms` or still runs it: then answers false at once. A relay that dies while it runs blocks the task for at most
   * `ms`. Rejects as `run` does; then too the next turn is `ms` later.
   */
  exclusively(task: string, now: number, ms: number, run: () => Promise<void>): Promise<boolean>;

  /** Rejects with {@linkcode StoreUnavailable} when it could not commit now. */
  ready(): Promise<void>;
  /** Calls `listener` after every commit that made events or made deliveries due, by any relay. Returns its undoing. */
  onCommit(listener: (news: CommitNews) => void): () => void;
  /** Waits for what runs, then closes. */
  close(): Promise<void>;
}

/** What only reads a store. */
export type StoreReads = Pick<
  Store,
  "event" | "events" | "delivery" | "deliveries" | "attempts" | "counts" | "kvList"
>;

/** What a commit brought. */
export interface CommitNews {
  /** Highest seq appended; null when the commit appended no event. */
  lastSeq: number | null;
  /** Routes that have work due. */
  routes: readonly string[];
}

/** The store cannot do it now; nothing was written. A later try may succeed. */
export class StoreUnavailable extends Error {
  /** Tells it from other errors. */
  override name = "StoreUnavailable";
}

/** The store cannot be used as it is; the message says what to do. */
export class StoreUnusable extends Error {
  /** Tells it from other errors. */
  override name = "StoreUnusable";
}

/** An older program wrote the store, and may be running on it: only a relay's start brings it to this version. */
export class StoreOlder extends StoreUnusable {
  /** `where` is the store, in words. */
  constructor(where: string) {
    super(
      `Cannot use ${where}: an older coinrelay wrote it, and may be running on it. Back up (\`deno task backup\` copies ` +
        "it as it is), then restart the relay: its start brings the store to this version",
    );
  }
}
