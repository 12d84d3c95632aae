/** `deno task try`: what a route or plugin would send, and nothing is sent. @module */
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "@std/path";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { secretFiles } from "../secret_files.ts";
import { secretsIn, secretValues } from "../config/secrets.ts";
import { configureLog } from "../log.ts";
import type { Json, JsonObject } from "../nouns.ts";
import { resolveRoutes, type Route } from "../route/resolve.ts";
import { readCatalogue } from "../sandbox/catalogue.ts";
import { errorText } from "../sandbox/description.ts";
import { findPlugin, loadDry, versionIn } from "../sandbox/dry_plugin.ts";
import { grantsOf } from "../sandbox/grants.ts";
import type { House } from "../sandbox/house.ts";
import { makeHouse } from "../sandbox/plugins.ts";
import { LoadFailure } from "../sandbox/load_failure.ts";
import { type Store, StoreUnavailable, StoreUnusable } from "../store/contract.ts";
import { openStore } from "../store/open.ts";
import { createMask } from "../try/mask.ts";
import { sentThen } from "../try/sent_then.ts";
import { NoTarget, targetOf } from "../try/target.ts";
import { openTrial, type Trial, type TrialParts } from "../try/trial.ts";
import {
  COMMON_HELP,
  configFile,
  EXIT,
  readArguments,
  UsageError,
  userPath,
  type Values,
} from "./command.ts";
import { PROJECT } from "../project.ts";
import { checkChoice, chosenEvents } from "./try_events.ts";
import { createTryReport } from "./try_report.ts";

export const name = "try";

export const summary = "show what a route or plugin would send, without sending it";

export const help = `deno task try ROUTE|PLUGIN [flags]

A dry run. The plugin runs as ever, in its own process, but that process may not reach the network or write a file: what
it would send is recorded and shown (requests, mails, files), with what it would remember, emit and log, and why events
would not come to it. Requests are answered 200 {"ok":true}, mail servers take every mail. What the route remembers
(context.kv) is read from the store; nothing is kept.

Which events (without any of these: every sample)
  --sample NAME        a sample; may be given several times. \`deno task send --list\` shows them
  --file FILE          the body in FILE
  --event ID           the stored event of this id
  --last N             the last N stored events, oldest first

How
  --options JSON       the plugin's options, in place of the route's
  --diff sent          show only what would be sent otherwise than it was really sent then, of each stored event (as far
                       as an attempt keeps it: its first requests and mails, and how their bodies begin)
  --diff FILE          show only what would be sent otherwise than by another version of the plugin, in FILE (such as one
                       from \`git show HEAD:plugins/x.ts > /tmp/x.ts\`; it finds its relative imports beside it)
  --live               really send one event, marked as a test; what the plugin remembers and emits is not kept
${COMMON_HELP}
                       (one object a line: each event, then the summary)

Examples
  deno task try security
  deno task try slack --options '{"webhookUrl":"https://hooks.slack.com/services/x"}' --sample renamed
  deno task try new_links --last 1000
  deno task try security --last 100 --diff sent

Exit code: 0 all that was run succeeded, 1 something would fail or the arguments are wrong.`;

const FLAGS = {
  sample: "texts",
  file: "text",
  event: "text",
  last: "text",
  options: "text",
  diff: "text",
  live: "switch",
} as const;

type Given = Values<typeof FLAGS & { config: "text"; json: "switch" }>;

/** What a trial needs of its surroundings. */
interface Surroundings {
  config: Config;
  /** The config's. */
  folder: string;
  house: House;
  /** Null where there is none yet. */
  store: Store | null;
}

export async function run(args: string[]): Promise<number> {
  const { values, words: [wanted] } = readArguments(args, FLAGS, 1);
  if (wanted === undefined) throw new UsageError("needs the name of a route or plugin: deno task try NAME");
  checkChoice(values);
  configureLog({ write: () => {} });
  const file = configFile(values);
  const config = loadConfig(file, Deno.env.toObject());
  const folder = dirname(file);
  const options = values.options === undefined ? undefined : optionsIn(values.options);
  const house = await makeHouse({
    folder: resolve(folder, config.pluginsDir),
    root: PROJECT,
    base: folder,
    hidden: [file, ...secretFiles(config, folder)],
  });
  let store: Store | null = null;
  try {
    store = await storeOf(config, folder, values);
    return await tryAll(wanted, values, options, { config, folder, house, store });
  } catch (error) {
    if (error instanceof NoTarget) throw new UsageError(error.message);
    const known = [LoadFailure, StoreUnusable, StoreUnavailable].some((kind) => error instanceof kind);
    if (!known) throw error;
    console.error(error instanceof LoadFailure ? errorText(error) : (error as Error).message);
    return error instanceof StoreUnavailable ? EXIT.ours : EXIT.yourInput;
  } finally {
    await store?.close();
    await house.kernel.close();
  }
}

async function tryAll(
  wanted: string,
  values: Given,
  options: JsonObject | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const { config, folder, house, store } = surroundings;
  const secrets = [...secretValues(config), ...secretsIn(options ?? {}, [])].sort((a, b) =>
    b.length - a.length
  );
  const mask = createMask(secrets);
  const { total, events } = await chosenEvents(values, store, config.sources[0]!.name);
  const route = await routeOf(wanted, options, surroundings);
  const parts: TrialParts = {
    house,
    found: found(house, route.plugin),
    route,
    base: folder,
    kvGet: (key) => store?.kvGet(route.name, key) ?? Promise.resolve(null),
    live: values.live ?? false,
  };
  await using trial = await openTrial(parts);
  if (trial.issues.length > 0) {
    const issues = trial.issues.map(({ path, message }) => `options${path && `.${path}`}: ${message}`);
    console.error(mask(`${route.plugin} does not take these options:\n  ${issues.join("\n  ")}`));
    console.error("Give others with --options JSON, or mend the route in config.json.");
    return EXIT.yourInput;
  }
  const past = values.diff === "sent";
  if (past && route.schedule.digest !== null) {
    throw new UsageError("--diff sent: the route gathers events, so none was sent by itself");
  }
  await using before = values.diff === undefined || past ? null : await openBefore(parts, values.diff);
  const report = createTryReport({
    route,
    total,
    mask,
    json: values.json ?? false,
    live: values.live ?? false,
    against: past ? "the past" : before !== null ? "a version" : null,
  });
  for await (const { label, event } of events) {
    const tried = await trial.run(event);
    const other = past
      ? { sent: await sentThen(store!, route.name, event.seq) }
      : await before?.run(event) ?? null;
    await report.add(label, tried, other);
  }
  return report.end(trial.plugin.strays) ? EXIT.done : EXIT.yourInput;
}

/** The route to try, with its plugin's own filters and defaults in it. */
async function routeOf(
  wanted: string,
  options: JsonObject | undefined,
  { config, folder, house }: Surroundings,
): Promise<Route> {
  const plugins = readCatalogue(house.paths.folder).plugins.map(({ name }) => name);
  const target = { ...targetOf(wanted, config, plugins, options), disabled: false };
  const granting = { name: target.name, options: target.options ?? {}, allow: target.allow ?? {} };
  await using look = await loadDry(house, found(house, target.plugin), {
    grants: grantsOf(granting, folder),
  });
  return resolveRoutes({ routes: [target], retry: config.retry }, [look.description])[0]!;
}

function found(house: House, plugin: string) {
  const found = findPlugin(house, plugin);
  if (found === null) {
    throw new UsageError(`there is no plugin ${JSON.stringify(plugin)} in ${house.paths.folder}`);
  }
  return found;
}

async function openBefore(parts: TrialParts, file: string): Promise<Trial> {
  const path = userPath(file);
  if (!existsSync(path)) throw new UsageError(`--diff: there is no ${path}`);
  const [house, found] = await versionIn(parts.house, parts.route.plugin, path);
  const trial = await openTrial({ ...parts, house, found });
  if (trial.issues.length === 0) return trial;
  await trial[Symbol.asyncDispose]();
  const [issue] = trial.issues;
  throw new UsageError(
    `--diff: ${basename(file)} does not take the same options: ${issue!.path} ${issue!.message}`,
  );
}

/** The store, where it is needed or there. */
async function storeOf(config: Config, folder: string, values: Given): Promise<Store | null> {
  const needed = values.event !== undefined || values.last !== undefined;
  try {
    return await openStore(config.store, folder, { shared: true });
  } catch (error) {
    if (needed || !(error instanceof StoreUnusable)) throw error;
    return null;
  }
}

function optionsIn(text: string): JsonObject {
  let options: Json;
  try {
    options = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--options is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new UsageError('--options takes a JSON object, such as {"url":"https://example.com"}');
  }
  return options;
}
