/** The plugins of a relay: found, described, run, and exchanged when their files change. @module */
import { resolve } from "@std/path";
import { suggest } from "../config/suggest.ts";
import type { PluginRunner } from "../dispatch/contract.ts";
import { logOf } from "../log.ts";
import type { JsonObject } from "../nouns.ts";
import { readCatalogue } from "./catalogue.ts";
import { errorText, type PluginDescription } from "./description.ts";
import { type Grant, type GrantingRoute, grantMistake, grantsOf } from "./grants.ts";
import { DEFAULT_LIMITS, type House, type PluginLimits } from "./house.ts";
import type { PluginLine, PluginRefusal } from "./process.ts";
import type { OptionIssue } from "./protocol.ts";
import { PluginSlot, type PluginState } from "./slot.ts";
import { watchFolder, type WatchTimes } from "./watch.ts";

/** Where plugins are, and how they are run. */
export interface PluginsOptions {
  /** The plugins folder. */
  folder: string;
  /** The project's root: holds `lib/` and the import map. */
  root: string;
  /** Where relative paths of `allow.read` and `allow.write` begin: the config's folder. */
  base: string;
  /** Default: `.imports.json` in `root`. */
  importMap?: string;
  /** Files and folders that no plugin may read or write, whatever it is granted: config.json, `.env`, the store. */
  hidden?: readonly string[];
  limits?: Partial<PluginLimits>;
  watch?: WatchTimes;
  /** Default: the process's environment. */
  env?(name: string): string | undefined;
  now?(): number;
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

/** How a plugin stands, for the dashboard. */
export interface PluginStatus {
  name: string;
  state: PluginState;
  pid: number | null;
  /** Resident bytes; 0 where the system does not tell. */
  memory: number;
  /** Jobs running now. */
  running: number;
  restarts: number;
  /** When it is started again; null when it does not wait. */
  waitsUntil: number | null;
  /** What last ended its process, or keeps its newest version from running. */
  lastError: string | null;
  refused: RefusedAccess[];
}

/** Something that a plugin tried and was not allowed. */
export interface RefusedAccess {
  kind: string;
  target: string;
  /** The route in which it was last tried; null when it was outside of a run. */
  route: string | null;
  count: number;
  lastAt: number;
  /** The line of a route in config.json that would allow it; null when nothing does. */
  remedy: string | null;
}

/** The plugins of a relay. */
export interface Plugins {
  runner: PluginRunner;
  /** By name, usable or not. */
  descriptions(): PluginDescription[];
  /**
   * Sets the routes in force. A process whose grants changed is exchanged, its running jobs ending on the old one.
   * Resolves what is wrong with each route's plugin, options or grants.
   */
  configure(routes: readonly PluginRoute[]): Promise<RouteMistake[]>;
  /** What is wrong with options for a plugin. */
  checkOptions(plugin: string, options: JsonObject): Promise<OptionIssue[]>;
  /** What each plugin may reach, and why: of the routes in force. */
  grants(): (Grant & { plugin: string })[];
  /** Calls `listener` when a plugin was added, changed or removed. Returns its undoing. */
  onChange(listener: () => void): () => void;
  status(): PluginStatus[];
  /** Ends all processes, giving what runs `graceMs` to end. */
  stop(graceMs: number): Promise<void>;
}

/** Plugins that are loaded at the same time when many have changed. */
const LOADS_AT_A_TIME = 2;
const REST_EVERY_MS = 1000;
/** Refused accesses remembered for each plugin. */
const MOST_REFUSED = 50;

/** Finds and describes the plugins in a folder, and watches it. */
export async function createPlugins(options: PluginsOptions): Promise<Plugins> {
  const { now = Date.now, env = (name) => Deno.env.get(name), root, base } = options;
  const log = logOf("plugin");
  const folder = await Deno.realPath(options.folder);
  const house: House = {
    paths: {
      folder,
      root,
      importMap: options.importMap ?? resolve(root, ".imports.json"),
      typesConfig: resolve(import.meta.dirname!, "plugin_types.json"),
      hidden: options.hidden ?? [],
    },
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    strayLinks: [],
    env,
    now,
  };
  const slots = new Map<string, PluginSlot>();
  const refused = new Map<string, Map<string, RefusedAccess>>();
  const listeners = new Set<() => void>();
  let granted: (Grant & { plugin: string })[] = [];
  let scanning: Promise<void> | null = null;
  let scanAgain = false;
  let ready = false;

  const onLog = options.onLog ?? ((plugin, { level, text, job }) => {
    const facts = job === null ? { plugin } : { plugin, route: job.route, delivery: job.delivery };
    log[level](text, facts);
  });

  function changed() {
    if (ready) { for (const listener of listeners) listener(); }
  }

  function noteRefusal(plugin: string, { kind, target, job }: PluginRefusal) {
    const of = refused.get(plugin) ?? new Map<string, RefusedAccess>();
    refused.set(plugin, of);
    const key = `${kind} ${target}`;
    const before = of.get(key);
    if (!before && of.size >= MOST_REFUSED) return;
    const route = job?.route ?? null;
    const remedy = remedyFor(kind, target);
    of.set(key, { kind, target, route, count: (before?.count ?? 0) + 1, lastAt: now(), remedy });
    if (before) return;
    const tried = kind === "net" ? `reach ${target}` : `${kind} ${target}`;
    log.warn(
      `tried to ${tried} and was refused${
        remedy === null ? "" : `; config.json would allow it with ${remedy}`
      }`,
      {
        plugin,
        route,
      },
    );
  }

  function slotFor(found: ReturnType<typeof readCatalogue>["plugins"][number]): PluginSlot {
    const { name } = found;
    const slot = new PluginSlot(house, found, {
      onLog: (line) => onLog(name, line),
      onRefused: (refusal) => noteRefusal(name, refusal),
      onTrouble: (message) => log.error(message, { plugin: name }),
      onChange() {
        const { error, usable } = slot.description;
        if (error) {
          log.error(`${errorText(error)}${usable ? "; the version before it goes on" : ""}`, {
            plugin: name,
          });
        } else if (ready) log.info("is in force", { plugin: name, version: slot.description.version });
        changed();
      },
    });
    slots.set(name, slot);
    return slot;
  }

  async function scanOnce() {
    const { plugins, strayLinks } = readCatalogue(folder);
    house.strayLinks = strayLinks;
    const there = new Set(plugins.map(({ name }) => name));
    for (const [name, slot] of slots) {
      if (there.has(name)) continue;
      slots.delete(name);
      refused.delete(name);
      log.info("is gone", { plugin: name });
      void slot.stop(options.limits?.graceMs ?? DEFAULT_LIMITS.graceMs);
      changed();
    }
    await inTurns(
      plugins,
      LOADS_AT_A_TIME,
      (found) => (slots.get(found.name) ?? slotFor(found)).refresh(found),
    );
  }

  /** One look at a time; a change during one is followed by another. */
  function scan(): Promise<void> {
    scanAgain = true;
    return scanning ??= (async () => {
      while (scanAgain) {
        scanAgain = false;
        try {
          await scanOnce();
        } catch (error) {
          log.error(`cannot read the plugins folder: ${error instanceof Error ? error.message : error}`, {
            folder,
          });
        }
      }
    })().finally(() => scanning = null);
  }

  const unwatch = watchFolder(folder, () => void scan(), options.watch);
  await scan();
  ready = true;
  const resting = setInterval(() => slots.forEach((slot) => slot.rest()), REST_EVERY_MS);

  return {
    runner: {
      async run(job) {
        return await slots.get(job.plugin)?.run(job) ?? null;
      },
      readyAt: (plugin) => slots.get(plugin)?.readyAt ?? null,
    },
    descriptions: () => [...slots.values()].map(({ description }) => description),
    async configure(routes) {
      const all = routes.map((route) => ({ route, grants: grantsOf(route, base) }));
      const mistakes: RouteMistake[] = all.flatMap(({ route, grants }) =>
        grants.flatMap((grant) => {
          const message = grantMistake(grant);
          return message === null ? [] : [{ route: route.name, path: grant.why, message }];
        })
      );
      const sound = (grant: Grant) => grantMistake(grant) === null;
      granted = all.flatMap(({ route, grants }) =>
        grants.filter(sound).map((grant) => ({ ...grant, plugin: route.plugin }))
      );
      for (const { name, plugin } of routes) {
        const message = slots.has(plugin)
          ? unusable(slots.get(plugin)!.description)
          : missing(plugin, [...slots.keys()], options.folder);
        if (message !== null) mistakes.push({ route: name, path: "plugin", message });
      }
      await inTurns([...slots], LOADS_AT_A_TIME, async ([name, slot]) => {
        const issues = await slot.configure(
          routes.filter(({ plugin }) => plugin === name),
          granted.filter(({ plugin }) => plugin === name),
        );
        for (const [route, wrong] of issues) {
          for (const { path, message } of wrong) {
            mistakes.push({ route, path: path === "" ? "options" : `options.${path}`, message });
          }
        }
      });
      return mistakes;
    },
    async checkOptions(plugin, given) {
      const slot = slots.get(plugin);
      return slot
        ? await slot.checkOptions(given)
        : [{ path: "", message: missing(plugin, [...slots.keys()], folder) }];
    },
    grants: () => granted,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    status: () =>
      [...slots].map(([name, slot]) => ({
        name,
        state: slot.state,
        pid: slot.pid,
        memory: slot.memory,
        running: slot.running,
        restarts: slot.restarts,
        waitsUntil: slot.waitsUntil > now() ? slot.waitsUntil : null,
        lastError: slot.description.error === null ? slot.lastError : errorText(slot.description.error),
        refused: [...refused.get(name)?.values() ?? []],
      })),
    async stop(graceMs) {
      unwatch();
      clearInterval(resting);
      listeners.clear();
      await Promise.all([...slots.values()].map((slot) => slot.stop(graceMs)));
      await scanning;
      await Promise.all([...slots.values()].map((slot) => slot.stop(0)));
    },
  };
}

function unusable({ usable, error }: PluginDescription): string | null {
  return usable || error === null ? null : `plugin cannot be used: ${errorText(error)}`;
}

function missing(plugin: string, known: readonly string[], folder: string): string {
  const near = suggest(plugin, known);
  return `there is no plugin "${plugin}" in ${folder}${
    near === undefined ? "" : `; did you mean "${near}"?`
  }`;
}

/** What in config.json would allow an access; null for what nothing allows. */
function remedyFor(kind: string, target: string): string | null {
  return ["net", "read", "write", "env", "sys"].includes(kind) && target !== "*"
    ? `"allow": { "${kind}": [${JSON.stringify(target)}] }`
    : null;
}

async function inTurns<T>(items: readonly T[], atATime: number, task: (item: T) => Promise<unknown>) {
  const waiting = [...items];
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await task(item);
  }));
}
