/** What a plugin's module must look like, and what it says of itself. @module */
import { suggest } from "../../config/suggest.ts";
import type { Json, JsonObject } from "../../nouns.ts";
import type { Context, Plugin } from "../../plugin.ts";
import { hostsIn } from "../hosts.ts";
import { type OptionCheck, type PluginShape, shorten } from "../protocol.ts";

/** A plugin's default export, as far as the bootstrap relies on it. */
export type AnyPlugin = Omit<Plugin, "options" | "run" | "start"> & {
  options?: Schema;
  run(event: unknown, context: Context<unknown>): unknown;
  start?(context: Pick<Context<unknown>, "options" | "route" | "log" | "signal">): unknown;
};

/** A schema of any library that follows Standard Schema, zod among them, and Standard JSON Schema where it can. */
interface Schema {
  "~standard": {
    validate(value: unknown): Validation | Promise<Validation>;
    jsonSchema?: { input(how: typeof JSON_SCHEMA): JsonObject };
  };
}

type Validation =
  | { value: unknown; issues?: undefined }
  | { issues: readonly { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] }[] };

const FILTERS = ["fields", "changeTypes", "coins", "events", "where"] as const;
const KEYS = ["description", ...FILTERS, "options", "start", "run", "stop"];

const EXAMPLE = 'write `export default { fields: ["links.*"], run(event) { … } }`';

/** The plugin in a module. Throws a `TypeError` that says what is missing. */
export function pluginIn(module: { default?: unknown }): AnyPlugin {
  const plugin = module.default;
  if (plugin === undefined) {
    const [name] = Object.keys(module);
    const other = name === undefined ? "" : `, but one called \`${shorten(name, 100)}\``;
    throw new TypeError(`has no default export${other}: ${EXAMPLE}`);
  }
  const what = otherThanPlugin(plugin);
  if (what !== null) throw new TypeError(`its default export is ${what}`);
  checkKeys(plugin as object);
  return plugin as AnyPlugin;
}

/** Throws a `TypeError` where a key of a plugin is not as it must be. */
function checkKeys(plugin: object) {
  for (const key of unknownKeys(plugin)) {
    const near = suggest(key, KEYS);
    if (near === undefined || near in plugin) continue; // the author's own
    throw new TypeError(
      `its default export: \`${shorten(key, 100)}\` is not a known key: did you mean \`${near}\`?`,
    );
  }
  for (const name of ["run", "start", "stop"] as const) {
    const value = (plugin as AnyPlugin)[name];
    if (typeof value !== "function" && (name === "run" || value !== undefined)) {
      throw new TypeError(`its default export has no function \`${name}\``);
    }
  }
  const { options } = plugin as AnyPlugin;
  if (options !== undefined && typeof options?.["~standard"]?.validate !== "function") {
    throw new TypeError("its `options` are no schema: write `options: z.object({ … })`");
  }
}

/** What a default export is that is no plugin, and what to do about it. */
function otherThanPlugin(value: unknown): string | null {
  if (typeof value === "function") {
    return /^class\b/.test(Function.prototype.toString.call(value))
      ? "a class: export an object of it, made with `new`"
      : `a function: ${EXAMPLE}`;
  }
  if (typeof value !== "object" || value === null) return `no object: ${EXAMPLE}`;
  if (Array.isArray(value)) return "a list: a file holds one plugin";
  if (value instanceof Promise) return "a promise: write `export default await …`";
  return null;
}

/** Of an object that was written down as one: what is made by a class keeps on itself what it likes. */
function unknownKeys(plugin: object): string[] {
  if (Object.getPrototypeOf(plugin) !== Object.prototype) return [];
  return Object.keys(plugin).filter((key) => !KEYS.includes(key));
}

/** What the plugin says of itself, for the relay to check. */
export async function shapeOf(plugin: AnyPlugin): Promise<PluginShape> {
  const filters: Record<string, unknown> = {};
  for (const name of FILTERS) if (plugin[name] !== undefined) filters[name] = plugin[name];
  const { options } = plugin;
  return {
    description: typeof plugin.description === "string" ? plugin.description : null,
    filters: filters as JsonObject,
    hasOptions: options !== undefined,
    needsOptions: (await checkOptions(plugin, {})).issues.length > 0,
    optionsSchema: options === undefined ? null : await jsonSchema(options),
  };
}

/** Checks options against the plugin's schema; `value` is what the schema makes of them. */
export async function checkOptions(
  { options }: AnyPlugin,
  given: JsonObject,
): Promise<OptionCheck & { value: unknown }> {
  if (options === undefined) return { value: given, issues: [], defaults: [] };
  const result = await options["~standard"].validate(given);
  if (result.issues === undefined) {
    const written = new Set(hostsIn(given, "").map(({ host }) => host));
    const defaults = hostsIn(result.value as Json, "").filter(({ host }) => !written.has(host));
    return { value: result.value, issues: [], defaults };
  }
  return {
    value: undefined,
    defaults: [],
    issues: result.issues.map(({ message, path = [] }) => ({
      message: String(message),
      path: path.map((part) => typeof part === "object" ? part.key : part).reduce(
        (text: string, key) =>
          typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
        "",
      ),
    })),
  };
}

/** JSON Schema of what may be written in config.json, where the schema's library can tell. */
async function jsonSchema(options: Schema): Promise<JsonObject | null> {
  try {
    const { jsonSchema } = options["~standard"];
    if (jsonSchema) return jsonSchema.input(JSON_SCHEMA);
    const library = "zod"; // by a name that Deno does not see, or every process would look for it at its start
    const { toJSONSchema } = await import(library);
    return toJSONSchema(options, { io: "input", ...JSON_SCHEMA.libraryOptions });
  } catch {
    return null; // options are checked all the same
  }
}

const JSON_SCHEMA = { target: "draft-2020-12", libraryOptions: { unrepresentable: "any" } } as const;
