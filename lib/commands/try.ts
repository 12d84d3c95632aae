/** `deno task try`: what a route or plugin would send, and nothing is sent. @module */
import { resolve } from "@std/path";
import type { Config, RouteConfig } from "../config/schema.ts";
import { longestFirst } from "../config/mask.ts";
import { secretsIn, secretValues } from "../config/secrets.ts";
import { problemOf } from "../doctor/plugin_mistakes.ts";
import { messageOf } from "../message_of.ts";
import { keptOfPlugins, secretFiles } from "../secret_files.ts";
import { configureLog } from "../log.ts";
import type { Json, JsonObject } from "../nouns.ts";
import { resolveRoutes, type Route } from "../route/resolve.ts";
import { type FoundPlugin, readCatalogue } from "../sandbox/catalogue.ts";
import { errorText } from "../sandbox/description.ts";
import { findPlugin, loadDry } from "../sandbox/dry_plugin.ts";
import { exitAtSignals } from "../sandbox/end_with_us.ts";
import { grantsOf } from "../sandbox/grants.ts";
import { type House, makeHouse } from "../sandbox/house.ts";
import { LoadFailure } from "../sandbox/load_failure.ts";
import { type Store, StoreUnusable } from "../store/contract.ts";
import { openStore } from "../store/open.ts";
import { createMask } from "../try/mask.ts";
import { sentThen } from "../try/sent_then.ts";
import { NoTarget, targetOf } from "../try/target.ts";
import { openTrial, type TrialParts } from "../try/trial.ts";
import { withRelayConfig } from "./beside_relay.ts";
import { commonHelp, EXIT, readArguments, UsageError, type Values } from "./command.ts";
import { openOther } from "./try_other.ts";
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
  --diff previous      show only what would be sent otherwise than by the last version of the plugin that was in force
                       before the one that is there now; a relay keeps it beside its store
  --diff FILE          the same for another version, in FILE (such as one from
                       \`git show HEAD:plugins/x.ts > /tmp/x.ts\`; it finds its relative imports beside it)
  --live               really send one event, marked as a test; what the plugin remembers and emits is not kept
${commonHelp("print JSON, for machines: one object a line, each event, then the summary")}

Examples
  deno task try security
  deno task try slack --options '{"webhookUrl":"https://hooks.slack.com/services/x"}' --sample renamed
  deno task try new_links --last 1000
  deno task try security --last 100 --diff sent
  deno task try security --last 100 --diff previous

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
  const options = values.options === undefined ? undefined : optionsIn(values.options);
  configureLog({ write: () => {} });
  return await withRelayConfig(values, async ({ config, file, folder }) => {
    using _ = exitAtSignals(); // who waits for a plugin that hangs presses Ctrl+C
    const house = await makeHouse({
      folder: resolve(folder, config.pluginsDir),
      base: folder,
      hidden: secretFiles(config, file),
    });
    let store: Store | null = null;
    try {
      store = await storeOf(config, folder, values);
      return await tryAll(wanted, values, options, { config, folder, house, store });
    } catch (error) {
      if (error instanceof NoTarget) throw new UsageError(error.message);
      if (!(error instanceof LoadFailure)) throw error;
      console.error(errorText(error));
      return EXIT.yourInput;
    } finally {
      await store?.close();
      await house.kernel.close();
    }
  });
}

async function tryAll(
  wanted: string,
  values: Given,
  options: JsonObject | undefined,
  surroundings: Surroundings,
): Promise<number> {
  const { config, folder, house, store } = surroundings;
  const mask = createMask(longestFirst([...secretValues(config), ...secretsIn(options ?? {}, [])]));
  const { total, events } = await chosenEvents(values, store, config.sources[0]!.name);
  const target = targetIn(wanted, options, surroundings);
  const granting = { name: target.name, options: target.options ?? {}, allow: target.allow ?? {} };
  /** With the filters and defaults of a version of its plugin in it. */
  const routeBy = async (house: House, found: FoundPlugin): Promise<Route> => {
    await using look = await loadDry(house, found, { grants: grantsOf(granting, folder) });
    return resolveRoutes({ routes: [target], retry: config.retry }, [look.description])[0]!;
  };
  const plugin = found(house, target.plugin);
  const route = await routeBy(house, plugin);
  const parts: TrialParts = {
    house,
    found: plugin,
    route,
    base: folder,
    kvGet: (key) => store?.kvGet(route.name, key) ?? Promise.resolve(null),
    live: values.live ?? false,
  };
  await using trial = await openTrial(parts);
  if (trial.issues.length > 0) {
    const issues = trial.issues.map((issue) =>
      `options${issue.path && `.${issue.path}`}: ${problemOf(route.options, issue)}`
    );
    console.error(mask(`${route.plugin} does not take these options:\n  ${issues.join("\n  ")}`));
    console.error("Give others with --options JSON, or mend the route in config.json.");
    return EXIT.yourInput;
  }
  const past = values.diff === "sent";
  if (past && route.schedule.digest !== null) {
    throw new UsageError("--diff sent: the route gathers events, so none was sent by itself");
  }
  await using other = values.diff === undefined || past
    ? null
    : await openOther({ parts, routeBy }, values.diff, keptOfPlugins(config, folder)?.versions ?? null);
  const report = createTryReport({
    route,
    total,
    mask,
    json: values.json ?? false,
    live: values.live ?? false,
    than: past ? "then" : other === null ? null : `by ${other.name}`,
  });
  for await (const { label, event } of events) {
    const tried = await trial.run(event);
    const before = past
      ? { sent: await sentThen(store!, route.name, event.seq) }
      : await other?.trial.run(event) ?? null;
    await report.add(label, tried, before);
  }
  return report.end(trial.strays) ? EXIT.done : EXIT.yourInput;
}

/** What is to be tried: a route of the config, or one that it would be. */
function targetIn(
  wanted: string,
  options: JsonObject | undefined,
  { config, house }: Surroundings,
): RouteConfig {
  const plugins = readCatalogue(house.paths.folder).plugins.map(({ name }) => name);
  return { ...targetOf(wanted, config, plugins, options), disabled: false };
}

function found(house: House, plugin: string) {
  const found = findPlugin(house, plugin);
  if (found === null) {
    throw new UsageError(`there is no plugin ${JSON.stringify(plugin)} in ${house.paths.folder}`);
  }
  return found;
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
    throw new UsageError(`--options is no JSON: ${messageOf(error)}`);
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new UsageError('--options takes a JSON object, such as {"url":"https://example.com"}');
  }
  return options;
}
