/** The plugins of a relay: found, described, run, and exchanged when their files change. @module */
import { join, resolve } from "@std/path";
import type { Allow } from "../config/schema.ts";
import { didYouMean } from "../config/suggest.ts";
import type { PluginRunner } from "../dispatch/contract.ts";
import { logOf } from "../log.ts";
import type { JsonObject } from "../nouns.ts";
import { type FoundPlugin, readCatalogue } from "./catalogue.ts";
import { errorText, type PluginDescription } from "./description.ts";
import { type Grant, type GrantingRoute, grantMistake, grantsOf } from "./grants.ts";
import { type HouseOptions, makeHouse } from "./house.ts";
import { versionNow } from "./loader.ts";
import { isNeverGranted, ownFiles } from "./never_granted.ts";
import type { PluginLine } from "./plugin_log.ts";
import type { PluginProcess } from "./process.ts";
import type { PluginRefusal } from "./process_spec.ts";
import type { OptionIssue } from "./protocol.ts";
import { noteRefusal, refusalText, type RefusedAccess } from "./refused.ts";
import { PluginSlot, type PluginState } from "./slot.ts";
import { checkTypes, type ToolFinding } from "./tools.ts";
import { watchFolder, type WatchTimes } from "./watch.ts";

/** Where plugins are, and how they are run. */
export interface PluginsOptions extends HouseOptions {
  /**
   * Plugins to be looked at first of all, beside those that may run without being named; the others wait for
   * `lookAtAll`. Default: every plugin is looked at at once.
   */
  pressing?: ReadonlySet<string>;
  watch?: WatchTimes;
  /** Takes what plugins log and print. Default: the relay's log. */
  onLog?(plugin: string, line: PluginLine): void;
}

/** A route, as far as its plugin is concerned. */
export interface PluginRoute extends GrantingRoute {
  plugin: string;
}

/** Why a route cannot run as it is. */
export interface RouteMistake {
  route: string;
  /** Where in the route, such as `options.webhookUrl` or `plugin`. */
  path: string;
  message: string;
}

/** A grant with the plugin that gets it: a row of what `deno task check` shows. */
export interface PluginGrant extends Grant {
  plugin: string;
}

/** How a plugin stands, for the dashboard. */
export interface PluginStatus {
  name: string;
  state: PluginState;
  /** Of the process that takes jobs; null when there is none. */
  pid: number | null;
  /** Resident bytes of its processes, looked at now and then; 0 where the system does not tell. */
  memory: number;
  /** Jobs running now. */
  running: number;
  /** How often its process died. */
  deaths: number;
  /** When it is started again; null when it does not wait. */
  waitsUntil: number | null;
  /** What keeps its newest version from running, or else what last ended its process. */
  lastError: string | null;
  refused: RefusedAccess[];
}

/** The plugins of a relay. */
export interface Plugins {
  runner: PluginRunner;
  /** Looks at the plugins that were not pressing. */
  lookAtAll(): Promise<void>;
  /** By name, usable or not. */
  descriptions(): PluginDescription[];
  /**
   * Sets the routes in force. A process whose grants changed is exchanged, its running jobs ending on the old one.
   * Resolves what is wrong with each route's plugin, options or grants; a wrong grant is not given.
   */
  configure(routes: readonly PluginRoute[]): Promise<RouteMistake[]>;
  /** What is wrong with a route's options for a plugin; `allow` as in the route. */
  checkOptions(plugin: string, options: JsonObject, allow?: Allow): Promise<OptionIssue[]>;
  /** Checks the types of all plugins; resolves the first finding, null when there is none. Takes a second or two. */
  checkTypes(): Promise<ToolFinding | null>;
  /** What each plugin may reach, and why. */
  grants(): PluginGrant[];
  /** Calls `listener` when a plugin was added, changed or removed. Returns its undoing. */
  onChange(listener: () => void): () => void;
  status(): PluginStatus[];
  /** Aborts what runs, gives it `graceMs` to end, and ends all processes. */
  stop(graceMs: number): Promise<void>;
}

/** Plugins that are looked at together when many have changed. */
const AT_A_TIME = 2;
const REST_EVERY_MS = 1000;

interface Tenant {
  slot: PluginSlot;
  refused: Map<string, RefusedAccess>;
}

/**
 * Finds and describes the plugins in a folder, and watches it.
 *
 * @throws {Deno.errors.NotFound} When there is no such folder.
 */
export async function createPlugins(options: PluginsOptions): Promise<Plugins> {
  const { now = Date.now, base } = options;
  const log = logOf("plugin");
  const house = await makeHouse(options);
  const { folder, hidden } = house.paths;
  const own = ownFiles(folder, hidden);
  const isNever = (kind: string, target: string) => isNeverGranted(own, kind, resolve(base, target));
  const tenants = new Map<string, Tenant>();
  /** Plugins whose file is gone, as long as they still run. */
  const gone = new Set<PluginSlot>();
  const listeners = new Set<() => void>();
  let granted: PluginGrant[] = [];
  /** Plugins that a route uses. */
  let routed: ReadonlySet<string> = new Set();
  /** Plugins that were there at the start and have not been looked at. */
  const waiting = new Set<string>();
  let scanning: Promise<void> | null = null;
  let scanAgain = false;
  let ready = false;

  const onLog = options.onLog ??
    ((plugin, { level, text, job }) =>
      log[level](
        text,
        job === null ? { plugin } : { plugin, route: job.route, delivery: job.delivery },
      ));

  function changed() {
    if (ready) { for (const listener of listeners) listener(); }
  }

  function admit(found: FoundPlugin): Tenant {
    const plugin = found.name;
    const refused: Tenant["refused"] = new Map();
    const slot = new PluginSlot(house, found, {
      onLog: (line) => onLog(plugin, line),
      onRefused(refusal: PluginRefusal) {
        const access = noteRefusal(refused, refusal, now(), isNever);
        if (access) log.warn(refusalText(access), { plugin, route: access.route });
      },
      onDeath: (reason) => log.error(reason, { plugin }),
      onChange() {
        const { error, usable, version } = slot.description;
        if (error) {
          log.error(`${errorText(error)}${usable ? "; the version before it goes on" : ""}`, {
            plugin,
          });
        } else if (ready && !waiting.has(plugin)) {
          log.info(`is in force${idleness(slot.description)}`, { plugin, version });
        }
        waiting.delete(plugin);
        changed();
      },
    }, processes);
    const tenant = { slot, refused };
    tenants.set(plugin, tenant);
    return tenant;
  }

  /** What keeps a plugin that is in force from being run. */
  function idleness({ name, needsOptions, filters }: PluginDescription): string {
    if (routed.has(name) || !needsOptions && filters.fields !== undefined) return "";
    const why = needsOptions ? "needs options" : "declares no `fields`";
    return `, and waits for a route in config.json: it ${why}`;
  }

  /** Of all plugins. */
  function processes(): PluginProcess[] {
    return slots().flatMap((slot) => slot.processes);
  }

  function slots(): PluginSlot[] {
    return [...gone, ...[...tenants.values()].map(({ slot }) => slot)];
  }

  function dismiss(plugin: string, { slot }: Tenant) {
    tenants.delete(plugin);
    gone.add(slot);
    void slot.close().then(() => gone.delete(slot));
    log.info("is gone", { plugin });
    changed();
  }

  async function scanOnce() {
    const { plugins, strayLinks } = readCatalogue(folder);
    const moreLinks = strayLinks.some((link) => !house.strayLinks.includes(link));
    house.strayLinks = strayLinks;
    for (const { slot } of moreLinks ? tenants.values() : []) slot.letGo(); // what runs may follow them
    const there = new Set(plugins.map(({ name }) => name));
    for (const [name, tenant] of tenants) if (!there.has(name)) dismiss(name, tenant);
    await inTurns(plugins, async (found) => {
      const { slot } = tenants.get(found.name) ?? admit(found);
      if (ready || await isPressing(found)) await slot.refresh(found);
      else waiting.add(found.name);
    });
    if (waiting.size > 0 && !ready) return;
    house.known.keep([...tenants.values()].map(({ slot }) => slot.description));
    house.kept.forgetOthers([...there]);
  }

  /** Whether routes must not be set before this plugin is looked at: unless it is known, that takes a process. */
  async function isPressing(found: FoundPlugin): Promise<boolean> {
    if (options.pressing?.has(found.name) ?? true) return true;
    const version = await versionNow(house, found);
    if (version === null || found.mistake !== null) return true;
    // Only what declares fields runs without a route that names it. What is told past this, as by a package that makes
    // the plugin, comes into force like a file that is put into the folder now.
    return house.known.find(found, version.hash) !== null || house.known.ranByItself(found.name) ||
      [...version.files.values()].some((text) => text?.includes("fields"));
  }

  /** One look at a time; a change during one is followed by another. */
  function scan(): Promise<void> {
    scanAgain = true;
    return scanning ??= (async () => {
      while (scanAgain) {
        scanAgain = false;
        await scanOnce().catch((error) => log.error(`cannot read the plugins folder: ${error}`, { folder }));
      }
    })().finally(() => scanning = null);
  }

  const unwatch = watchFolder(folder, () => void scan(), options.watch);
  await scan();
  ready = true;
  const resting = setInterval(() => {
    for (const { slot } of tenants.values()) slot.rest();
  }, REST_EVERY_MS);

  return {
    runner: {
      run: async (job) => await tenants.get(job.plugin)?.slot.run(job) ?? null,
      readyAt: (plugin) => tenants.get(plugin)?.slot.readyAt ?? null,
      queue: {
        settled(job) {
          for (const process of processes()) process.settled(job);
        },
        recall() {
          for (const slot of slots()) slot.recallJobs();
        },
      },
    },
    descriptions: () => [...tenants.values()].map(({ slot }) => slot.description),
    lookAtAll: () => waiting.size > 0 ? scan() : Promise.resolve(),
    async configure(routes) {
      routed = new Set(routes.map(({ plugin }) => plugin));
      if (routes.some(({ plugin }) => waiting.has(plugin))) await scan();
      const wanted = routes.flatMap((route) =>
        grantsOf(route, base).map((grant) => ({ ...grant, plugin: route.plugin }))
      );
      granted = wanted.filter((grant) => grantMistake(grant) === null);
      const mistakes = [...wanted.flatMap(asMistake), ...routes.flatMap((route) => pluginMistake(route))];
      await inTurns([...tenants], async ([plugin, { slot }]) => {
        const mine = <T extends { plugin: string }>(item: T) => item.plugin === plugin;
        const issues = await slot.configure(routes.filter(mine), granted.filter(mine));
        for (const [route, wrong] of issues) {
          mistakes.push(...wrong.map(({ path, message }) => ({
            route,
            path: path === "" ? "options" : `options.${path}`,
            message,
          })));
        }
      });
      return mistakes;
    },
    async checkOptions(plugin, given, allow = {}) {
      const slot = tenants.get(plugin)?.slot;
      const grants = grantsOf({ name: "", options: given, allow }, base);
      return slot ? await slot.checkOptions(given, grants) : [{ path: "", message: missing(plugin) }];
    },
    async checkTypes() {
      const modules = [...tenants.values()].map(({ slot }) => slot.description)
        .filter(({ error }) => error?.stage !== "find").map(({ file }) => join(folder, file));
      return (await checkTypes(house.paths, folder, modules))[0] ?? null;
    },
    grants: () => granted,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    status: () =>
      [...tenants].map(([name, { slot, refused }]) => ({
        name,
        state: slot.state,
        pid: slot.pid,
        memory: slot.processes.reduce((sum, { memory }) => sum + memory, 0),
        running: slot.processes.reduce((sum, { running }) => sum + running, 0),
        deaths: slot.deaths,
        waitsUntil: slot.waitsUntil > now() ? slot.waitsUntil : null,
        lastError: slot.description.error ? errorText(slot.description.error) : slot.lastDeath,
        refused: [...refused.values()],
      })),
    async stop(graceMs) {
      unwatch();
      clearInterval(resting);
      listeners.clear();
      const closed = Promise.all(slots().map((slot) => slot.close()));
      for (const process of processes()) process.abort("the relay stops");
      const patience = setTimeout(() => {
        for (const process of processes()) process.kill("was stopped", { orderly: true });
      }, graceMs);
      await closed;
      clearTimeout(patience);
      await scanning;
      await house.kernel.close();
    },
  };

  function pluginMistake({ name, plugin }: PluginRoute): RouteMistake[] {
    const description = tenants.get(plugin)?.slot.description;
    if (description?.usable) return [];
    const message = description?.error
      ? `plugin "${plugin}" cannot be used: ${errorText(description.error)}`
      : missing(plugin);
    return [{ route: name, path: "plugin", message }];
  }

  function missing(plugin: string): string {
    const near = didYouMean(plugin, [...tenants.keys()]);
    return `there is no plugin "${plugin}" in ${options.folder}${near === undefined ? "" : `; ${near}`}`;
  }
}

function asMistake(grant: PluginGrant): RouteMistake[] {
  const message = grantMistake(grant);
  return message === null ? [] : [{ route: grant.route, path: grant.why, message }];
}

async function inTurns<T>(items: readonly T[], task: (item: T) => Promise<unknown>) {
  const waiting = [...items];
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await task(item);
  }));
}
