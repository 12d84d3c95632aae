/** `deno task check`: whether the config and the plugins are right, and what each plugin may reach. @module */
import { basename, dirname, join, relative } from "@std/path";
import { inOrder, inspectConfig, type Inspection, pluginsFolder } from "../config/load.ts";
import { type Mistake, renderMistakes } from "../config/mistake.ts";
import type { Config } from "../config/schema.ts";
import { maskDeep, maskText } from "../config/mask.ts";
import { isOfSystem } from "../message_of.ts";
import { resolveRoutes } from "../route/resolve.ts";
import { errorText, type PluginDescription, type PluginError } from "../sandbox/description.ts";
import { type Grant, grantsOf } from "../sandbox/grants.ts";
import { isNeverGranted, ownFiles } from "../sandbox/never_granted.ts";
import type { ToolFinding } from "../sandbox/tools.ts";
import { secretFiles } from "../secret_files.ts";
import { COMMON_HELP, configFile, EXIT, readArguments } from "./command.ts";
import { notesOn } from "./notes.ts";
import { pluginMistakes } from "../doctor/plugin_mistakes.ts";
import { withPlugins } from "../doctor/with_plugins.ts";
import { counted, createProgress, harmless, paint, table } from "./terminal.ts";

export const name = "check";

export const summary = "check config.json and the plugins, and show what each may reach";

export const help = `deno task check [flags]

Checks config.json (with .env), every plugin in the plugins folder and the options that the routes give them. Lists
every mistake with its place, what is permitted and what to do; without mistakes it shows what each plugin may reach,
and why. Runs nothing and sends nothing.

${COMMON_HELP}

Exit code: 0 all is right, 1 something is wrong.`;

/** What a plugin may reach under a route. */
interface Reach {
  plugin: string;
  route: string;
  grants: Pick<Grant, "kind" | "target" | "why">[];
}

/** All that is found. */
interface Findings {
  file: string;
  mistakes: Mistake[];
  /** Of plugins that are no good, each as one line. */
  broken: string[];
  notes: Mistake[];
  plugins: PluginDescription[];
  reach: Reach[];
}

export async function run(args: string[]): Promise<number> {
  const { values } = readArguments(args, {});
  const file = configFile(values);
  const inspection = inspectConfig(file, Deno.env.toObject());
  const findings = await findAll(file, inspection);
  if (values.json) {
    const mask = (text: string) => maskText(text, inspection.secrets);
    console.log(JSON.stringify(maskDeep({ ok: isRight(findings), ...findings }, mask, (key) => key)));
  } else print(findings, inspection.config, inspection.secrets);
  return isRight(findings) ? EXIT.done : EXIT.yourInput;
}

const isRight = ({ mistakes, broken }: Findings) => mistakes.length + broken.length === 0;

async function findAll(file: string, { config, mistakes, value, secrets }: Inspection): Promise<Findings> {
  const folder = dirname(file);
  const findings: Findings = { file, mistakes, broken: [], notes: [], plugins: [], reach: [] };
  const pluginsDir = pluginsFolder(file, value);
  if (pluginsDir === null || mistakes.some(({ path }) => path === "pluginsDir")) return findings;
  const progress = createProgress();
  progress.show("looking at the plugins …");
  return await withPlugins(file, pluginsDir, async (plugins) => {
    const descriptions = plugins.descriptions();
    const more = await pluginMistakes({ value, mistakes, secrets, folder }, plugins);
    const broken = descriptions.flatMap(({ error, file }) =>
      error === null ? [] : [brokenLine(pluginsDir, file, error)]
    );
    progress.show("checking their types …");
    const finding = broken.length > 0 || descriptions.length === 0 ? null : await plugins.checkTypes();
    if (finding) broken.push(typesLine(pluginsDir, finding));
    const own = ownFiles(await Deno.realPath(pluginsDir), config === null ? [] : secretFiles(config, file));
    const routes = config === null ? [] : resolveRoutes(config, descriptions.filter(({ usable }) => usable));
    return {
      ...findings,
      mistakes: inOrder([...mistakes, ...more], value),
      broken: broken.map((text) => maskText(text, secrets)),
      notes: config === null ? [] : notesOn(config, routes, descriptions, own, folder),
      plugins: descriptions,
      reach: routes.map((route) => ({
        plugin: route.plugin,
        route: route.name,
        grants: grantsOf(route, folder).filter(({ kind, target }) => !isNeverGranted(own, kind, target))
          .map(({ kind, target, why }) => ({ kind, target, why })),
      })),
    };
  }).catch((error) => {
    if (!isOfSystem(error)) throw error;
    const hint = "let this user read the folder, and what is in it";
    const unread = { path: "pluginsDir", problem: `cannot be read: ${error.message}`, hint };
    return { ...findings, mistakes: inOrder([...mistakes, unread], value) };
  }).finally(() => progress.clear());
}

/** What is wrong with a plugin, as one line: `plugins/new_links.ts:3: Expected ';'`. */
function brokenLine(pluginsDir: string, file: string, error: PluginError): string {
  return `${basename(pluginsDir)}/${error.file === null ? `${file}: ` : ""}${errorText(error)}`;
}

function typesLine(pluginsDir: string, { message, file, line }: ToolFinding): string {
  const inside = file === null ? "" : relative(Deno.realPathSync(pluginsDir), file);
  const place = file === null
    ? pluginsDir
    : inside.startsWith("..")
    ? file
    : join(basename(pluginsDir), inside);
  return `${place}:${line === null ? "" : `${line}:`} ${message}`;
}

function print(findings: Findings, config: Config | null, secrets: readonly string[]): void {
  const { file, mistakes, broken, notes, plugins, reach } = findings;
  const lines = [...mistakes.map((mistake) => renderMistakes(file, [mistake])), ...broken].map(harmless);
  if (lines.length > 0) {
    console.error(lines.join("\n"));
    console.error(`\n${paint.red(counted(lines.length, "mistake"))}`);
    return;
  }
  console.log(`${paint.green("right")}  ${file}`);
  if (config) console.log(`\n${paint.bold("Sources")}\n${table(config.sources.map(describeSource))}`);
  console.log(
    `\n${paint.bold("Plugins")}\n${
      table(plugins.map(({ name, description }) => [`  ${name}`, harmless(description ?? "")]))
    }`,
  );
  console.log(
    `\n${paint.bold("What each may reach")}\n${
      table([["  plugin", "route", "may reach", "why"], ...reach.flatMap(rows)].map((row) =>
        row.map((cell) =>
          maskText(cell, secrets)
        )
      ))
    }`,
  );
  if (notes.length > 0) {
    console.log(`\n${paint.yellow("Worth a look")}\n${harmless(renderMistakes(file, notes))}`);
  }
}

function describeSource({ name, path, secrets, maxAgeSeconds }: Config["sources"][number]): string[] {
  return [
    `  ${name}`,
    path,
    counted(secrets.length, "secret"),
    `${maxAgeSeconds} s old at most`,
  ];
}

function rows({ plugin, route, grants }: Reach): string[][] {
  if (grants.length === 0) return [[`  ${plugin}`, route, "nothing", ""]];
  return grants.map(({ kind, target, why }) => [
    `  ${plugin}`,
    route,
    kind === "net" ? (target === "*" ? "any public host" : target) : `${kind} ${target}`,
    why,
  ]);
}
