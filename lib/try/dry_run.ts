/** A dry run of one stored event, for the dashboard. @module */
import type { DryRun } from "../admin/parts.ts";
import type { Config } from "../config/schema.ts";
import { secretValues } from "../config/secrets.ts";
import { messageOf } from "../message_of.ts";
import type { StoredEvent } from "../nouns.ts";
import type { Route } from "../route/resolve.ts";
import { findPlugin } from "../sandbox/dry_plugin.ts";
import { type HouseOptions, makeHouse } from "../sandbox/house.ts";
import type { Store } from "../store/contract.ts";
import { createMask } from "./mask.ts";
import { renderReport } from "./render.ts";
import { openTrial, type Tried } from "./trial.ts";

/** What dry runs are made of. */
export interface DryRunParts {
  /** As the relay's own plugins are made with. */
  plugins: HouseOptions;
  store: Pick<Store, "kvGet">;
  config(): Config;
  routes(): readonly Route[];
}

/** Makes the function: one run at a time, each in a process of its own, with every secret of the config masked. */
export function createDryRun(parts: DryRunParts): (route: string, event: StoredEvent) => Promise<DryRun> {
  let before: Promise<unknown> = Promise.resolve();
  return (name, event) => {
    const run = before.then(() => dryRun(parts, name, event));
    before = run.catch(() => {});
    return run;
  };
}

async function dryRun({ plugins, store, config, routes }: DryRunParts, name: string, event: StoredEvent) {
  const mask = createMask(secretValues(config()));
  const failed = (error: string): DryRun => ({ outcome: "failed", error: mask(error), lines: [] });
  const route = routes().find((one) => one.name === name);
  if (route === undefined) return failed(`no route in force is called ${name}`);
  const house = await makeHouse(plugins);
  try {
    const found = findPlugin(house, route.plugin);
    if (found === null) return failed(`there is no plugin ${route.plugin}`);
    const kvGet = (key: string) => store.kvGet(name, key);
    await using trial = await openTrial({ house, found, route, base: plugins.base, kvGet });
    const [issue] = trial.issues;
    if (issue) return failed(`the plugin does not take its options: ${issue.path} ${issue.message}`);
    return await inWords(await trial.run(event), mask);
  } catch (error) {
    return failed(messageOf(error));
  } finally {
    await house.kernel.close();
  }
}

async function inWords(tried: Tried, mask: (text: string) => string): Promise<DryRun> {
  if ("mismatch" in tried) {
    const { filter, reason } = tried.mismatch;
    return {
      outcome: "failed",
      error: mask(`the route does not take it, by its ${filter}: ${reason}`),
      lines: [],
    };
  }
  const { outcome, error } = tried.report;
  const lines = (await renderReport(tried.report)).map(mask);
  return { outcome: outcome === "done" ? "done" : "failed", error: error && mask(error), lines };
}
