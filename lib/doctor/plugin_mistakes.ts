/** What is wrong with a config's routes as far as their plugins are concerned: whether or not the config is right. @module */
import { isRecord, list, record } from "../config/loosely.ts";
import type { Mistake } from "../config/mistake.ts";
import { describeNode, knownKeys, schemaAt, type SchemaNode } from "../config/permitted.ts";
import { maskText } from "../config/mask.ts";
import { didYouMean, suggest } from "../config/suggest.ts";
import { given } from "../given.ts";
import type { Json, JsonObject } from "../nouns.ts";
import { withDefaults } from "../route/resolve.ts";
import { errorText, type PluginDescription } from "../sandbox/description.ts";
import { grantMistake, grantsOf } from "../sandbox/grants.ts";
import type { Plugins } from "../sandbox/plugins.ts";
import type { OptionIssue } from "../sandbox/protocol.ts";

/** A config to look at. */
export interface ConfigToCheck {
  /** What its file says. */
  value: Json;
  /** What is known to be wrong with it; nothing is told twice. */
  mistakes: readonly Mistake[];
  /** What must not be shown. */
  secrets: readonly string[];
  /** Where its relative paths begin. */
  folder: string;
}

/** The mistakes of its routes' plugins, options and grants, in the order of the routes. */
export async function pluginMistakes(
  { value, mistakes, secrets, folder }: ConfigToCheck,
  plugins: Pick<Plugins, "descriptions" | "checkOptions">,
): Promise<Mistake[]> {
  const descriptions = plugins.descriptions();
  const found: Mistake[] = [];
  for (const [i, route] of list(record(value)["routes"]).map(record).entries()) {
    const { plugin, disabled } = route;
    if (typeof plugin !== "string" || disabled === true) continue;
    const at = `routes[${i}]`;
    const description = descriptions.find(({ name }) => name === plugin);
    if (!description?.usable) {
      found.push(unusable(`${at}.plugin`, plugin, description, descriptions));
    } else if (route["options"] === undefined || isRecord(route["options"])) {
      const options = record(route["options"]);
      found.push(
        ...optionMistakes(
          `${at}.options`,
          options,
          description,
          await plugins.checkOptions(
            plugin,
            withDefaults(options, description),
            allowOf(route["allow"]),
          ),
        ),
      );
    }
    const granting = { name: at, options: record(route["options"]), allow: allowOf(route["allow"]) };
    for (const grant of grantsOf(granting, folder)) {
      const problem = grantMistake(grant);
      if (problem !== null) found.push({ path: `${at}.${grant.why}`, problem });
    }
  }
  const told = mistakes.map(({ path }) => path);
  return found
    .filter(({ path }) =>
      !told.some((other) => other === path || other.startsWith(`${path}.`) || other.startsWith(`${path}[`))
    )
    .map((mistake) => ({ ...mistake, problem: maskText(mistake.problem, secrets) }));
}

function unusable(
  path: string,
  plugin: string,
  description: PluginDescription | undefined,
  known: readonly PluginDescription[],
): Mistake {
  if (description?.error) {
    return { path, problem: `this plugin cannot be used: ${errorText(description.error)}` };
  }
  const names = known.map(({ name }) => name);
  return given({
    path,
    problem: `there is no plugin ${JSON.stringify(plugin)}`,
    permitted: names.length > 0 ? names.join(", ") : "none: the plugins folder holds no plugin",
    hint: didYouMean(plugin, names),
  });
}

/** What the plugin's own schema says, with what it permits and a suggestion where its JSON Schema tells them. */
function optionMistakes(
  path: string,
  options: JsonObject,
  { optionsSchema }: PluginDescription,
  issues: readonly OptionIssue[],
): Mistake[] {
  const root = optionsSchema as SchemaNode | null;
  const known = knownKeys(root ?? undefined);
  const unknown = root?.additionalProperties === false && issues.length > 0
    ? Object.keys(options).filter((key) => !known.includes(key))
    : [];
  const mistyped = unknown.map((key): Mistake =>
    given({
      path: `${path}.${key}`,
      problem: "is not an option of this plugin",
      permitted: known.join(", ") || "none",
      hint: didYouMean(key, known),
    })
  );
  const others = issues.filter(({ path, message }) =>
    !(path === "" && unknown.some((key) => message.includes(key)))
  );
  const meant = unknown.map((key) => `${path}.${suggest(key, known)}`); // not told a second time as missing
  return [...mistyped, ...others.map((issue) => optionMistake(path, options, root, issue))]
    .filter(({ path, problem }) => !(problem === MISSING && meant.includes(path)));
}

function optionMistake(
  at: string,
  options: JsonObject,
  root: SchemaNode | null,
  issue: OptionIssue,
): Mistake {
  if (issue.ungranted) return { path: `${at}.${issue.path}`, problem: issue.message };
  const keys = keysOf(issue);
  const node = root === null || keys.length === 0 ? undefined : schemaAt(keys, root);
  const value = valueAt(options, keys);
  const saysNothing = node?.type === "string" && !node.enum && typeof value === "string";
  const permitted = node && !saysNothing ? describeNode(node) : undefined;
  return given({
    path: issue.path === "" ? at : `${at}.${issue.path}`,
    problem: problemOf(options, issue),
    permitted: permitted || undefined,
    hint: node?.description,
  });
}

/** What an issue with options says: of what is not there it is that, whatever the plugin's schema says of nothing. */
export function problemOf(options: JsonObject, issue: OptionIssue): string {
  return valueAt(options, keysOf(issue)) === undefined ? MISSING : lowerFirst(issue.message);
}

const keysOf = ({ path }: OptionIssue) =>
  path.split(/[.[\]]+/).filter((key) => key !== "").map((key) => /^\d+$/.test(key) ? Number(key) : key);

const valueAt = (options: JsonObject, keys: readonly (string | number)[]) =>
  keys.reduce<unknown>((inner, key) => Object(inner)[key], options);

const MISSING = "is missing";
const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** The parts of an `allow` that are lists of texts; what is wrong with the others is told with the config's shape. */
function allowOf(value: unknown) {
  return Object.fromEntries(
    Object.entries(record(value)).filter(([, names]) =>
      Array.isArray(names) && names.every((name) => typeof name === "string")
    ),
  );
}
