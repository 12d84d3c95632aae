/** Reads config.json: the whole of it is right, or every mistake in it is told. @module */
import { dirname, resolve } from "@std/path";
import { given } from "../given.ts";
import { messageOf } from "../message_of.ts";
import type { Json } from "../nouns.ts";
import { dotenvFile, type Environment, substitute, type Substitution, withDotenv } from "./environment.ts";
import { explain } from "./explain.ts";
import { isRecord, record } from "./loosely.ts";
import { ConfigError, type Mistake, type Path } from "./mistake.ts";
import { JsonSyntaxError, parseJson } from "./parse_json.ts";
import { schemaAt } from "./permitted.ts";
import { type Config, configSchema } from "./schema.ts";
import { secretsIn } from "./secrets.ts";
import { rememberSubstitutions } from "./substitutions.ts";
import { noText, unreadable } from "./unreadable.ts";

/** A config as far as it could be read. */
export interface Inspection {
  /** Null when there are mistakes. */
  config: Config | null;
  mistakes: Mistake[];
  /** What the file says, `${NAME}` replaced where it could be; null when it is no JSON. Nothing about it is certain. */
  value: Json;
  /** What must not be shown of it. */
  secrets: string[];
}

/**
 * Reads and checks a config, with `${NAME}` taken from `environment` and, where that lacks it, from `.env` beside the
 * file.
 *
 * @throws {ConfigError} With every mistake at once.
 */
export function loadConfig(file: string, environment: Environment): Config {
  const { config, mistakes } = inspectConfig(file, environment);
  if (config === null) throw new ConfigError(file, mistakes);
  return config;
}

/** Reads and checks a config like {@linkcode loadConfig}, for those who want to look further although it has mistakes. */
export function inspectConfig(file: string, environment: Environment): Inspection {
  const read = readConfig(file);
  const surroundings = readEnvironment(file, environment);
  if ("problem" in read) return { config: null, mistakes: [read], value: null, secrets: [] };
  if ("problem" in surroundings) return { config: null, mistakes: [surroundings], value: null, secrets: [] };
  const { value, substitutions, mistakes } = substitute(read.json, surroundings.environment);
  const typed = withTypes(value, substitutions);
  const parsed = configSchema.safeParse(typed);
  const issues = parsed.success ? [] : explain(parsed.error.issues, typed, substitutions);
  const unset = new Set(mistakes.map(({ path }) => path)); // what stands there is no value yet, so no rule fits it
  mistakes.push(...[...issues, ...missingFolder(file, typed)].filter(({ path }) => !unset.has(path)));
  const config = parsed.success && mistakes.length === 0 ? parsed.data : null;
  if (config !== null) rememberSubstitutions(config, substitutions);
  return {
    config,
    mistakes: inOrder(mistakes, typed),
    value: typed,
    secrets: secretsIn(typed, substitutions),
  };
}

function readConfig(file: string): { json: Json } | Mistake {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return { path: "", ...unreadable(file, error) };
    const problem = `does not exist in ${dirname(resolve(file))}`;
    return { path: "", problem, hint: "`deno task start` makes a first one" };
  }
  try {
    return { json: parseJson(text) };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const none = noText(text);
    if (none !== null) return { path: "", ...none };
    const { line, column, message, hint } = error;
    return given({ path: `line ${line}, column ${column}`, problem: message, hint });
  }
}

/**
 * The environment of a config: `environment`, with what it lacks from `.env` beside the file.
 *
 * @throws {ConfigError} When that cannot be read.
 */
export function environmentOf(file: string, environment: Environment): Environment {
  const read = readEnvironment(file, environment);
  if ("problem" in read) throw new ConfigError(file, [read]);
  return read.environment;
}

function readEnvironment(file: string, environment: Environment): { environment: Environment } | Mistake {
  try {
    return { environment: withDotenv(file, environment) };
  } catch (error) {
    const { problem, hint } = unreadable(dotenvFile(file), error);
    return { path: "", problem: `.env beside it ${problem}`, hint };
  }
}

/** Where the schema wants a number or a boolean and all of the text came from one variable, its text is read as such. */
function withTypes(value: Json, substitutions: readonly Substitution[]): Json {
  for (const { path, written, variables } of substitutions) {
    const [[name, text] = ["", ""]] = Object.entries(variables);
    const type = schemaAt(path)?.type ?? "";
    if (written !== `\${${name}}` || !["integer", "number", "boolean"].includes(type)) continue;
    if (type === "boolean" ? /^(true|false)$/.test(text) : /^-?\d+(\.\d+)?$/.test(text)) {
      put(value, path, JSON.parse(type === "boolean" ? text : String(Number(text))) as Json);
    }
  }
  return value;
}

function put(value: Json, path: Path, item: Json): void {
  let at = value as Record<string | number, Json>;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, Json>;
  at[path.at(-1)!] = item;
}

/** The plugins folder that a config names, whatever else is wrong with it; null when it cannot be known. */
export function pluginsFolder(file: string, value: Json): string | null {
  const { success, data } = configSchema.shape.pluginsDir.safeParse(record(value)["pluginsDir"]);
  return isRecord(value) && success ? resolve(dirname(file), data) : null;
}

function missingFolder(file: string, value: Json): Mistake[] {
  const folder = pluginsFolder(file, value);
  const problem = folder === null ? null : problemOf(folder);
  return problem === null
    ? []
    : [{ path: "pluginsDir", problem, hint: "make the folder, or name the one that holds the plugins" }];
}

/** Why a path is no folder that can be used; null: it is one. */
function problemOf(path: string): string | null {
  try {
    return Deno.statSync(path).isDirectory ? null : "is no folder";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "does not exist" : `cannot be read: ${messageOf(error)}`;
  }
}

/** The mistakes of `value` in the order of the file, so that a person mends it from top to bottom; what is missing comes where it belongs. */
export function inOrder(mistakes: readonly Mistake[], value: Json): Mistake[] {
  const keys = [...new Set([...Object.keys(value ?? {}), ...Object.keys(schemaAt([])?.properties ?? {})])];
  const rank = ({ path }: Mistake) => keys.indexOf(/^[^.[]*/.exec(path)![0]);
  return mistakes.toSorted((a, b) =>
    rank(a) - rank(b) || a.path.localeCompare(b.path, "en", { numeric: true })
  );
}
