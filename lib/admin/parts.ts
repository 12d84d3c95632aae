/** What the admin listener needs from its surroundings. @module */
import type { Config } from "../config/schema.ts";
import type { StoredEvent } from "../nouns.ts";
import type { Ledger } from "../receive/ledger.ts";
import type { Route } from "../route/resolve.ts";
import type { Plugins, RouteMistake } from "../sandbox/plugins.ts";
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
  plugins: Pick<Plugins, "descriptions" | "status" | "grants">;
  /** What keeps routes from running, as the plugins said when they were configured. */
  mistakes(): readonly RouteMistake[];
  /** Runs a stored event through a route's plugin without letting anything out. Absent: the button is not shown. */
  dryRun?(route: string, event: StoredEvent): Promise<DryRun>;
  /** What the sources received; fed by the relay with every receipt. */
  ledger: Ledger;
  /** The numbers of `/metrics`; fed by the relay with every receipt, attempt and commit. */
  metrics: Metrics;
  /** How many deliveries run now, by route. */
  running(): ReadonlyMap<string, number>;
  /** The public listener's handler: a test event goes the whole way. */
  receive(request: Request): Promise<Response>;
  /** Where the public listener listens, as seen from this machine, such as `http://127.0.0.1:8080`. */
  publicUrl(): string;
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

/** What a dry run shows. */
export interface DryRun {
  outcome: "done" | "failed";
  error: string | null;
  /** What would have been sent or said, one text for each. */
  lines: readonly string[];
}
