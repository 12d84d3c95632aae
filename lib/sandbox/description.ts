/** What the relay knows of a plugin before it runs it. @module */
import type { Filters } from "../config/schema.ts";
import { messageOf } from "../message_of.ts";
import type { JsonObject } from "../nouns.ts";
import { readFilters } from "./declared_filters.ts";
import { LoadFailure } from "./load_failure.ts";
import type { PluginShape } from "./protocol.ts";

/** A plugin, as its file has it. */
export interface PluginDescription {
  name: string;
  /** Its module, relative to the plugins folder. */
  file: string;
  /** Changes when its source does; null when it could not be read. */
  version: string | null;
  /** One line for people; null when it has none. */
  description: string | null;
  /** The filters that it declares. */
  filters: Filters;
  hasOptions: boolean;
  /** Whether it cannot run without options. */
  needsOptions: boolean;
  /** JSON Schema of its options; null when it has none, or none that can be told. */
  optionsSchema: JsonObject | null;
  /** Whether there is a version that runs: with an `error`, the one before it. */
  usable: boolean;
  /** What is wrong with the version that is in the folder now; null when nothing is. */
  error: PluginError | null;
}

/** What is wrong with a plugin. */
export interface PluginError {
  /** `find` it in the folder, `import` it, `check` its shape, check its `types`, its routes' `options`. */
  stage: "find" | "import" | "check" | "types" | "options";
  message: string;
  /** Relative to the plugins folder. */
  file: string | null;
  line: number | null;
}

/** A description of what loaded. Throws a {@linkcode LoadFailure} when it declares filters that are none. */
export function describe(name: string, file: string, version: string, shape: PluginShape): PluginDescription {
  const read = readFilters(shape.filters);
  if ("message" in read) {
    throw new LoadFailure("check", `its \`${read.path}\` is not right: ${read.message}`);
  }
  const { description, hasOptions, needsOptions, optionsSchema } = shape;
  return {
    name,
    file,
    version,
    description,
    filters: read.filters,
    hasOptions,
    needsOptions,
    optionsSchema,
    usable: true,
    error: null,
  };
}

/**
 * A description of what cannot be used.
 *
 * @param last What the last version that could be used said: what it takes waits for the one that is mended, no more and
 * no less. Null when there was none.
 */
export function describeBroken(
  name: string,
  file: string,
  version: string | null,
  error: PluginError,
  last: PluginDescription | null = null,
): PluginDescription {
  return {
    description: null,
    filters: {},
    hasOptions: false,
    needsOptions: false,
    optionsSchema: null,
    ...last,
    name,
    file,
    version,
    usable: false,
    error,
  };
}

/** An error as one line: `new_links.ts:3: Expected ';'`. */
export function errorText({ stage, message, file, line }: PluginError): string {
  const place = file === null ? "" : line === null ? `${file}: ` : `${file}:${line}: `;
  const what = { find: "", import: "", check: "", types: "types: ", options: "options: " }[stage];
  return `${place}${what}${message}`;
}

/** Something wrong with a plugin. */
export function trouble(
  stage: PluginError["stage"],
  message: string,
  file: string | null = null,
  line: number | null = null,
): PluginError {
  return { stage, message, file, line };
}

/** What a failure to load, or to start its process, tells of the plugin. */
export function troubleOf(error: unknown): PluginError {
  if (error instanceof LoadFailure) return trouble(error.stage, error.message, error.file, error.line);
  return trouble("import", `its process could not be started: ${messageOf(error)}`);
}
