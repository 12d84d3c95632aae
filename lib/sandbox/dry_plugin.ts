/**
 * A plugin in a dry run: in a process like any other's, but without permission to reach the network or to write, and
 * with a recorder in the place of both. Nothing goes out and nothing is kept.
 *
 * @module
 */
import { dirname, join, resolve } from "@std/path";
import { failed, type Job, type Result } from "../dispatch/contract.ts";
import type { JsonObject } from "../nouns.ts";
import { type FoundPlugin, readCatalogue } from "./catalogue.ts";
import type { PluginDescription } from "./description.ts";
import type { Grant } from "./grants.ts";
import type { House } from "./house.ts";
import { type LoadedPlugin, loadPlugin } from "./loader.ts";
import { LoadFailure } from "./load_failure.ts";
import type { LogLevel, OptionIssue } from "./protocol.ts";
import { isNeverGranted, ownFiles } from "./never_granted.ts";
import { noteRefusal, type RefusedAccess } from "./refused.ts";
import type { Sending } from "./sending.ts";

/** What a dry run of one job came to. */
export interface DryReport extends Result {
  ms: number;
  /** What would have gone out, in turn. */
  sendings: Sending[];
  logs: { level: LogLevel; text: string }[];
  /** What the plugin tried and its route would not allow. */
  refused: RefusedAccess[];
}

/** A plugin that is loaded for dry runs, or for one in earnest. */
export interface DryPlugin extends AsyncDisposable {
  description: PluginDescription;
  checkOptions(options: JsonObject): Promise<OptionIssue[]>;
  /** What was sent outside of a run: before the first, or by what a run left behind. */
  readonly strays: readonly Sending[];
  /** Runs one job of a route with these options. One at a time. */
  run(job: Job, options: JsonObject): Promise<DryReport>;
}

/** How a plugin is loaded. */
export interface DrySettings {
  /** What its route would grant. */
  grants: readonly Grant[];
  /** In earnest: with all that is granted, and nothing recorded. Default: false. */
  live?: boolean;
}

/**
 * Finds a plugin in the house's folder.
 *
 * @throws {LoadFailure} Where it must not be used.
 */
export function findPlugin(house: House, name: string): FoundPlugin | null {
  const { plugins, strayLinks } = readCatalogue(house.paths.folder);
  house.strayLinks = strayLinks;
  const found = plugins.find((one) => one.name === name) ?? null;
  if (found?.mistake) throw new LoadFailure("import", found.mistake, { file: found.file });
  return found;
}

/**
 * Another file as a version of a plugin.
 *
 * @param place Stands for the plugins folder; default: where the file is. All that it imports must be in there.
 */
export async function versionIn(
  house: House,
  name: string,
  file: string,
  place?: string,
): Promise<[House, FoundPlugin]> {
  const path = await Deno.realPath(file);
  const folder = place === undefined ? dirname(path) : await Deno.realPath(place);
  const elsewhere = {
    ...house,
    paths: { ...house.paths, folder, hidden: [...house.paths.hidden, join(folder, ".env")] },
  };
  return [elsewhere, { name, file: path.slice(folder.length + 1), mistake: null }];
}

/**
 * Loads a plugin for dry runs.
 *
 * @throws {LoadFailure} Where it cannot be loaded.
 */
export async function loadDry(
  house: House,
  found: FoundPlugin,
  { grants, live = false }: DrySettings,
): Promise<DryPlugin> {
  const targets = (kind: Grant["kind"]) =>
    grants.filter((one) => one.kind === kind).map(({ target }) => target);
  const dry = live ? null : { net: targets("net"), write: targets("write") };
  const given = live ? grants : grants.flatMap((grant): Grant[] => {
    if (grant.kind === "net") return [];
    return [grant.kind === "write" ? { ...grant, kind: "read" } : grant];
  });
  // The measures that keep a plugin from flooding a relay count by its clock; here they would only hide what it says.
  const patient: House = { ...house, now: () => house.now() * UNHURRIED };
  const own = ownFiles(house.paths.folder, house.paths.hidden);
  const isNever = (kind: string, target: string) => isNeverGranted(own, kind, resolve(house.base, target));
  const closing = new AbortController();
  const strays: Sending[] = [];
  let now = blank();

  const load = () =>
    loadPlugin(
      patient,
      found,
      given,
      {
        onLog: ({ level, text }) => void now.logs.push({ level, text }),
        onRefused: (refusal) => {
          const access = noteRefusal(now.known, refusal, house.now(), isNever);
          if (access) now.refused.push(access);
        },
        onSending: (sending, job) => void (job === null ? strays : now.sendings).push(sending),
      },
      closing.signal,
      dry,
    ).catch((error) => {
      if (!(error instanceof LoadFailure) || error.file !== null) throw error;
      throw new LoadFailure(error.stage, error.message, { file: found.file, passing: error.passing });
    });

  let loaded: LoadedPlugin = await load();
  return {
    description: loaded.description,
    strays,
    checkOptions: async (options) => (await loaded.process.setRoute("", options)).issues,
    async run(job, options) {
      now = blank();
      const began = performance.now();
      // Told, since nobody runs it a second time to learn whether it is what ended its process.
      let result = await loaded.process.run(job, options, { tell: true });
      if (typeof result === "string") { // its process died after the run before
        loaded = await load();
        result = await loaded.process.run(job, options, { tell: true });
      }
      loaded.process.settled(job);
      const { sendings, logs, refused } = now;
      const told = typeof result === "string" ? DIED : result;
      return { ...told, ms: performance.now() - began, sendings, logs, refused };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      loaded.process.kill("was stopped", { orderly: true });
      await loaded.process.ended;
    },
  };
}

const UNHURRIED = 1000;

const DIED = failed("crashed", "its process ends before it runs");

const blank = () => ({
  sendings: [] as Sending[],
  logs: [] as DryReport["logs"],
  refused: [] as RefusedAccess[],
  known: new Map<string, RefusedAccess>(),
});
