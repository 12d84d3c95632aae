/** `deno task new`: a plugin and its test, to begin with. @module */
import { join, relative } from "@std/path";
import { existsSync } from "node:fs";
import { inspectConfig, pluginsFolder } from "../config/load.ts";
import { ConfigError } from "../config/mistake.ts";
import { didYouMean } from "../config/suggest.ts";
import { inShell } from "../in_shell.ts";
import { fieldPatternMistake } from "../pattern/field_pattern.ts";
import { isOfSystem } from "../message_of.ts";
import { COMMON_HELP, configFile, EXIT, readArguments, UsageError } from "./command.ts";
import { PROJECT } from "../project.ts";
import { type PluginTemplate, TEMPLATES } from "./plugin_templates.ts";

const DEFAULT_FIELDS = "links.*";

export const name = "new";

export const summary = "write a new plugin and its test";

export const help = `deno task new NAME [flags]

Writes NAME.ts into the plugins folder, and NAME_test.ts beside it, which passes at once. A file that is there already
is not touched. Without flags, on a terminal, it asks.

  --kind KIND          ${
  TEMPLATES.map(({ kind, summary }) => `${kind}: ${summary}`).join("\n                       ")
}
                       (default: ${TEMPLATES[0]!.kind})
  --fields A,B         the field patterns it takes (default: ${DEFAULT_FIELDS})
  --force              write over files that are there
${COMMON_HELP}

Examples
  deno task new new_links --fields 'links.*'
  deno task new call_us --kind http --fields 'public_notices,platforms.*'`;

export async function run(args: string[]): Promise<number> {
  try {
    return await create(args);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    console.error("Nothing was written.");
    return EXIT.yourInput;
  }
}

async function create(args: string[]): Promise<number> {
  const { values, words } = readArguments(args, { kind: "text", fields: "text", force: "switch" }, 1);
  const asks = Deno.stdin.isTerminal() &&
    [values.kind, values.fields, values.json].every((value) => value === undefined);
  const plugin = checkedName(words[0] ?? (asks ? ask("Name of the plugin", "my_plugin") : undefined));
  const fields = checkedFields(
    values.fields ?? (asks ? ask("Fields it takes, with commas between", DEFAULT_FIELDS) : DEFAULT_FIELDS),
  );
  const template = templateOf(
    values.kind ?? (asks ? ask(`Kind, one of ${kinds().join(", ")}`, kinds()[0]!) : kinds()[0]!),
  );

  const config = configFile(values);
  const { value, mistakes } = inspectConfig(config, Deno.env.toObject());
  const named = pluginsFolder(config, value);
  if (named === null && existsSync(config)) throw new ConfigError(config, mistakes); // who knows which folder it names
  const folder = named ?? join(PROJECT, "plugins"); // there is no config yet
  const files: [file: string, text: string][] = [
    [join(folder, `${plugin}.ts`), template.plugin(plugin, fields)],
    [join(folder, `${plugin}_test.ts`), template.test(plugin, exampleOf(fields))],
  ];
  try {
    await writeAll(folder, files, values.force === true);
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    console.error(
      error instanceof Deno.errors.PermissionDenied
        ? `Cannot write ${files[0]![0]}: this user may not. ` +
          "Write the plugin in a copy of the project, then `sudo cp` it there."
        : `Cannot write ${
          files[0]![0]
        }: ${error.message}. Mend that, or write the plugin in a copy of the project.`,
    );
    return EXIT.yourInput;
  }

  if (values.json) console.log(JSON.stringify({ files: files.map(([file]) => file) }));
  else console.log(nextSteps(files.map(([file]) => file), plugin, template));
  return EXIT.done;
}

/** Writes all of the files or, unless it is forced over what is there, none. */
async function writeAll(folder: string, files: readonly [file: string, text: string][], force: boolean) {
  await Deno.mkdir(folder, { recursive: true });
  if (!force) files.forEach(([file]) => mustBeFree(file));
  const made: string[] = [];
  try {
    for (const [file, text] of files) {
      (await Deno.open(file, { write: true, create: force, createNew: !force })).close();
      if (!force) made.push(file);
      await Deno.writeTextFile(file, text);
    }
  } catch (error) {
    await Promise.allSettled(made.map((file) => Deno.remove(file))); // half a plugin would be loaded
    throw error;
  }
}

const kinds = () => TEMPLATES.map(({ kind }) => kind);

function ask(question: string, fallback: string): string {
  const answer = prompt(`${question} [${fallback}]:`);
  if (answer === null) throw new NoAnswer(); // Ctrl+C, or Ctrl+D
  return answer.trim() || fallback;
}

/** Somebody who was asked would rather not say. */
class NoAnswer extends Error {}

function checkedName(plugin: string | undefined): string {
  if (plugin === undefined) throw new UsageError("needs a name: deno task new NAME");
  const bare = plugin.replace(/\.ts$/, "");
  if (!/^[a-z][a-z0-9_-]*$/i.test(bare) || /_test$/i.test(bare)) {
    throw new UsageError(
      "NAME begins with a letter, holds only letters, digits, _ and -, and does not end in _test",
    );
  }
  return bare;
}

function checkedFields(text: string): string[] {
  const fields = text.split(",").map((field) => field.trim()).filter((field) => field !== "");
  if (fields.length === 0) throw new UsageError("--fields takes field patterns with commas between");
  for (const field of fields) {
    const mistake = fieldPatternMistake(field);
    if (mistake !== null) throw new UsageError(`--fields: ${JSON.stringify(field)} ${mistake}`);
  }
  return fields;
}

function templateOf(kind: string): PluginTemplate {
  const template = TEMPLATES.find((one) => one.kind === kind);
  if (template) return template;
  throw new UsageError(
    `--kind is one of ${kinds().join(", ")}: ${didYouMean(kind, kinds()) ?? "choose one"}`,
  );
}

/** A field that the first of the patterns takes. */
function exampleOf(fields: readonly string[]): string {
  const pattern = fields.find((field) => !field.startsWith("!")) ?? "*";
  return pattern === "*" ? "name" : pattern.replaceAll("*", "example");
}

function mustBeFree(file: string): void {
  try {
    Deno.lstatSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new UsageError(`${file} is there already: choose another name, or write over it with --force`);
}

function nextSteps(files: readonly string[], plugin: string, { options }: PluginTemplate): string {
  const shown = files.map((file) =>
    relative(PROJECT, file).startsWith("..") ? file : relative(PROJECT, file)
  );
  const route = JSON.stringify({ name: plugin, plugin, options });
  const live = options === null
    ? "It needs no options, so a running relay uses it from now on; a route in config.json narrows what it gets."
    : `It gets events once config.json has a route for it:\n  ${route}`;
  const given = options === null ? "" : ` --options '${JSON.stringify(options)}'`;
  return `Written: ${shown.join(" and ")}

Test it      deno task test ${inShell(shown[1]!)}
Try it dry   deno task try ${plugin}${given} --last 20
             (what it would send of the last 20 stored events; without --last, of samples)
Check it     deno task check

${live}`;
}
