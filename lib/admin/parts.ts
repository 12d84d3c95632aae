/** What the admin listener needs from its surroundings. @module */
import type { Config } from "../config/schema.ts";
import type { Content, StoredEvent } from "../nouns.ts";
import type { Ledger } from "../receive/ledger.ts";
import type { Route } from "../route/resolve.ts";
import type { Match } from "../route/table.ts";
import type { Store } from "../store/contract.ts";
import type { Metrics } from "./metrics.ts";

/**
 * Everything the dashboard shows or does. Functions are asked anew for every request, so that whoever composes the relay
 * may make the parts in any order and reload the config at any time.
 */
export interface AdminParts {
  store: Store;
  /** The config in force. */
  config(): Config;
  /** Every route in force, those that a person turned off included. */
  routes(): readonly Route[];
  /** Routes that a person turned off here. The relay forgets it when the config changes. */
  switches: RouteSwitches;
  plugins(): readonly PluginView[];
  /** Runs a stored event through a route's plugin without letting anything out. Absent: the button is not shown. */
  dryRun?(route: string, event: StoredEvent): Promise<DryRun>;
  /** What the sources received; fed by the relay with every receipt. */
  ledger: Ledger;
  /** The numbers of `/metrics`; fed by the relay with every receipt, attempt and commit. */
  metrics: Metrics;
  /** How many deliveries run now, by route. */
  running(): ReadonlyMap<string, number>;
  /** Which changes of an event each route in force takes. */
  match(content: Content): Match[];
  /** The public listener's handler: a test event goes the whole way. */
  receive(request: Request): Promise<Response>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Told of what a person did, for the log: `retry`, `discard`, `replay`, `sign in refused`, … */
  onAction(action: string, facts: Record<string, string | number | boolean | null>): void;
}

/** Turns routes off and on. A route that is off takes no new events, and its waiting deliveries wait. */
export interface RouteSwitches {
  off(): ReadonlySet<string>;
  set(route: string, on: boolean): void;
}

/** A plugin as the dashboard shows it. */
export interface PluginView {
  name: string;
  /** What it says of itself; null when it says nothing. */
  description: string | null;
  /**
   * - `unused`: no route asks for it
   * - `idle`: it runs as soon as there is work
   * - `running`: its process is up
   * - `waiting`: it keeps dying and is started again later
   * - `failed`: it cannot be loaded
   */
  state: "unused" | "idle" | "running" | "waiting" | "failed";
  /** Tells this version of its file from others; null when it has not been loaded. */
  version: string | null;
  /** When a `waiting` plugin is started again, in milliseconds since 1970; null otherwise. */
  readyAt: number | null;
  /** How often its process was started again after it had died. */
  restarts: number;
  /** Heap of its process, in bytes; null when none is up. */
  memoryBytes: number | null;
  /** What went wrong last, with the line of the file where that is known. */
  lastError: { at: number; message: string; file: string | null; line: number | null } | null;
  /** What it may reach, by kind (`net`, `read`, …). */
  allowed: Readonly<Record<string, readonly string[]>>;
  /** What it was refused: what it asked for, how often, and when last. */
  refused: readonly { kind: string; target: string; count: number; lastAt: number }[];
}

/** What a dry run shows. */
export interface DryRun {
  outcome: "done" | "failed";
  error: string | null;
  /** What would have been sent or said, one text for each. */
  lines: readonly string[];
}
