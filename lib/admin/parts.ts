/** What the admin listener needs from its surroundings: the dashboard's side, and the relay's. @module */
import type { Config } from "../config/schema.ts";
import type { DeliveryState, StoredEvent } from "../nouns.ts";
import type { Ledger, Refusal, SourceRecord } from "../receive/ledger.ts";
import type { Route } from "../route/resolve.ts";
import type { Plugins, PluginStatus, RouteMistake } from "../sandbox/plugins.ts";
import type { Store, StoreReads } from "../store/contract.ts";
import type { Counted, Counts } from "./counts.ts";

/**
 * What the relay gives, on the thread that answers requests. Functions are asked anew each time, so that whoever composes
 * the relay may make the parts in any order and reload the config at any time.
 */
export interface RelayParts {
  store: Store;
  /** The config in force. */
  config(): Config;
  /** Every route in force, those that a person turned off included. */
  routes(): readonly Route[];
  /** Routes that a person turned off. The relay forgets it when the config changes. */
  switches: RouteSwitches;
  plugins: Pick<Plugins, "descriptions" | "status" | "grants">;
  /** What keeps routes from running, as the plugins said when they were configured. */
  mistakes(): readonly RouteMistake[];
  /** Why config.json as it was saved last is not in force; null: it is. */
  refusedConfig(): string | null;
  /** Runs a stored event through a route's plugin without letting anything out. */
  dryRun(route: string, event: StoredEvent): Promise<DryRun>;
  /** What the sources received; fed by the relay with every receipt. */
  ledger: Ledger;
  /** What `/metrics` counts; fed by the relay with every receipt, attempt and commit. */
  counts: Counts;
  /** How many deliveries run now, by route. */
  running(): ReadonlyMap<string, number>;
  /** The public listener's handler: a test event goes the whole way. */
  receive(request: Request): Promise<Response>;
  /** Where the public listener listens, as seen from this machine, such as `http://127.0.0.1:8080`. */
  publicUrl(): string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Told of what a person did, for the log: `retry`, `discard`, `replay`, `sign in refused`, … */
  onAction(action: string, facts: ActionFacts): void;
  /** Told, for the log, what kept the dashboard from answering. */
  onFault(message: string): void;
}

/** What is said of an action. */
export type ActionFacts = Record<string, string | number | boolean | null>;

/** Turns routes off and on. A route that is off takes no new events, and its waiting deliveries wait. */
export interface RouteSwitches {
  off(): ReadonlySet<string>;
  set(route: string, on: boolean): void;
}

/**
 * What the dashboard shows or does, asked from whatever thread it is in. All that comes of these functions is plain data:
 * a copy, true at the moment when it was asked for.
 */
export interface AdminParts {
  store: AdminStore;
  /** The config in force. */
  config(): Config;
  /** Every route in force, those that a person turned off included. */
  routes(): readonly Route[];
  /** How everything stands. */
  standing(): Promise<Standing>;
  /** What each source received in the last day, by its name. */
  days(): Promise<ReadonlyMap<string, ReturnType<Ledger["day"]>>>;
  /** The refusals still known of a source, or of all, newest first. */
  refusals(source?: string): Promise<Refusal[]>;
  /** What was counted since the relay's start. */
  counted(): Promise<Counted>;
  /** Turns a route off or on. */
  switchRoute(route: string, on: boolean): Promise<void>;
  /** See {@linkcode RelayParts.dryRun}. */
  dryRun(route: string, event: StoredEvent): Promise<DryRun>;
  /** Sends a delivery the whole way, through the public listener's handler. */
  receive(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Received>;
  /** See {@linkcode RelayParts.publicUrl}. */
  publicUrl(): string;
  /** Milliseconds since 1970. */
  now(): number;
  /** See {@linkcode RelayParts.onAction}. */
  onAction(action: string, facts: ActionFacts): void;
  /** See {@linkcode RelayParts.onFault}. */
  onFault(message: string): void;
  /** Calls `listener` soon after each commit that brought events. Returns its undoing. */
  onEvents(listener: () => void): () => void;
}

/** The store as the dashboard needs it. */
export type AdminStore = StoreReads & Pick<Store, "retry" | "discard" | "replay" | "ready">;

/** How a relay stands. */
export interface Standing {
  /** Since when sources are counted, in milliseconds since 1970. */
  since: number;
  sources: ReadonlyMap<string, { record: SourceRecord; recent: ReturnType<Ledger["recent"]> }>;
  plugins: {
    descriptions: PluginFacts[];
    status: PluginStatus[];
    grants: ReturnType<Plugins["grants"]>;
  };
  mistakes: readonly RouteMistake[];
  /** See {@linkcode RelayParts.refusedConfig}. */
  refusedConfig: string | null;
  /** Routes that a person turned off. */
  off: ReadonlySet<string>;
  /** How many deliveries run now, by route. */
  running: ReadonlyMap<string, number>;
}

/** A plugin as its file describes it, without what only whoever runs it needs. */
export type PluginFacts = Omit<ReturnType<Plugins["descriptions"]>[number], "optionsSchema">;

/** What the public listener answered. */
export interface Received {
  status: number;
  answer: Record<string, string | number>;
}

/** A delivery that has just moved on. */
export interface Move {
  delivery: number;
  route: string;
  state: DeliveryState;
  attempts: number;
  /** Whether a person has dealt with it; absent: no. */
  discarded?: boolean;
}

/** What a dry run shows. */
export interface DryRun {
  outcome: "done" | "failed";
  error: string | null;
  /** What would have been sent or said, one text for each. */
  lines: readonly string[];
}
