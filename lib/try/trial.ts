/** A route on trial: says of each event what its plugin would do, without doing it. @module */
import type { Job } from "../dispatch/contract.ts";
import { idempotencyKey } from "../dispatch/idempotency.ts";
import { eventForPlugin } from "../dispatch/job.ts";
import type { StoredEvent } from "../nouns.ts";
import { understand } from "../receive/understand.ts";
import type { Route } from "../route/resolve.ts";
import { createRouteTable } from "../route/table.ts";
import { type Mismatch, whyNot } from "../route/why_not.ts";
import { type DryPlugin, type DryReport, loadDry } from "../sandbox/dry_plugin.ts";
import type { FoundPlugin } from "../sandbox/catalogue.ts";
import { grantsOf } from "../sandbox/grants.ts";
import type { House } from "../sandbox/house.ts";
import type { OptionIssue } from "../sandbox/protocol.ts";

/** What is tried, and with what. */
export interface TrialParts {
  house: House;
  found: FoundPlugin;
  route: Route;
  /** Where relative paths of `allow` begin: the config's folder. */
  base: string;
  /** What the route remembers: JSON text, or null. Only read. */
  kvGet(key: string): Promise<string | null>;
  /** In earnest: what the plugin sends is sent, its events marked as tests. Default: false. */
  live?: boolean;
}

/** What became of an event: left out by a filter (`body`: not understood), or run. */
export type Tried =
  | { event: StoredEvent; mismatch: Mismatch | { filter: "body"; reason: string } }
  | { event: StoredEvent; report: DryReport };

/** A trial. */
export interface Trial extends AsyncDisposable {
  /** What is wrong with the route's options. */
  issues: OptionIssue[];
  /** What the plugin sent outside of a run, up to now. */
  strays: DryPlugin["strays"];
  /** Tries one event; one at a time. */
  run(event: StoredEvent): Promise<Tried>;
}

/**
 * Begins a trial.
 *
 * @throws {LoadFailure} Where the plugin cannot be loaded.
 */
export async function openTrial(parts: TrialParts): Promise<Trial> {
  const { house, found, route, base, live = false } = parts;
  const plugin = await loadDry(house, found, { grants: grantsOf(route, base), live });
  const table = createRouteTable([{ name: route.name, ...route.filters }]);
  return {
    issues: await plugin.checkOptions(route.options),
    strays: plugin.strays,
    async run(event) {
      const content = understand(event.body);
      if ("notUnderstood" in content) {
        return { event, mismatch: { filter: "body", reason: content.notUnderstood } };
      }
      const mismatch = whyNot(route.filters, content);
      if (mismatch !== null) return { event, mismatch };
      const matched = table.match(content)[0]?.matched ?? null;
      const job = jobOf({ ...event, test: live || event.test }, matched, parts);
      return { event, report: await plugin.run(job, route.options) };
    },
    [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose](),
  };
}

function jobOf(event: StoredEvent, matched: number[] | null, { route, kvGet }: TrialParts): Job {
  const { name, plugin, timeoutMs, concurrency } = route;
  return {
    plugin,
    route: name,
    delivery: 0,
    event: eventForPlugin(event, matched),
    attempt: 1,
    idempotencyKey: idempotencyKey(event, { id: 0, route: name, replayOf: null }),
    timeoutMs,
    concurrency,
    depth: event.depth,
    kvGet,
  };
}
