/** What a command is, and how its arguments are read. @module */
import { resolve } from "@std/path";
import { PROJECT } from "../project.ts";
import { parseArgs } from "node:util";
import { nearOrAll } from "../config/suggest.ts";

/** One word of `deno task`. Each file of this folder that is a command exports these. */
export interface Command {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** What `--help` prints. */
  help: string;
  /**
   * Does it. Resolves the exit code: 0 done, 1 the input is at fault, 2 we are.
   *
   * @throws {UsageError} When the arguments are wrong.
   * @throws {ConfigError} When the config is.
   */
  run(args: string[]): Promise<number>;
}

/** Exit codes. */
export const EXIT = { done: 0, yourInput: 1, ours: 2 } as const;

/** Arguments that a command does not take. The message says what it does take. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A flag: `text` takes a value, `texts` may be given several times. */
export type Flag = "text" | "texts" | "switch";

/** Values of flags, by name. */
export type Values<Flags extends Record<string, Flag>> = {
  [Name in keyof Flags]?: Flags[Name] extends "switch" ? boolean
    : Flags[Name] extends "text" ? string
    : string[];
};

/** The flags that every command takes. */
const COMMON = { config: "text", json: "switch", help: "switch" } as const satisfies Record<string, Flag>;

/** The help text of {@linkcode COMMON}, with what `--json` prints. */
export const commonHelp = (json: string) =>
  `  --config FILE        the config to use (default: config.json beside deno.json)
  --json               ${json}
  -h, --help           print this`;

/** The same where one JSON value is printed. */
export const COMMON_HELP = commonHelp("print JSON, for machines");

/**
 * Reads a command's arguments.
 *
 * @param words How many arguments that are no flags it takes at most.
 * @throws {UsageError} At a flag that it does not know, with a suggestion, or a missing value.
 */
export function readArguments<const Flags extends Record<string, Flag>>(
  args: string[],
  flags: Flags,
  words = 0,
): { values: Values<Flags & typeof COMMON>; words: string[] } {
  const known: Record<string, Flag> = { ...COMMON, ...flags };
  const options = Object.fromEntries(
    Object.entries(known).map(([name, flag]) => [
      name,
      { type: flag === "switch" ? "boolean" as const : "string" as const, multiple: flag === "texts" },
    ]),
  );
  const { values, positionals, tokens } = parseArgs({
    args,
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const isFlag = (text: string) => Object.hasOwn(known, /^--([^=]+)/.exec(text)?.[1] ?? "");
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (flag === undefined) {
      const names = Object.keys(known).map((name) => `--${name}`);
      throw new UsageError(
        `unknown flag ${token.rawName}: ${nearOrAll(token.rawName, names)}`,
      );
    }
    if (flag === "switch" && token.value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value`);
    }
    if (flag !== "switch" && (token.value === undefined || (!token.inlineValue && isFlag(token.value)))) {
      const meant = token.value === undefined
        ? ""
        : `; if that is ${token.value}, write ${token.rawName}=${token.value}`;
      throw new UsageError(`${token.rawName} needs a value${meant}`);
    }
  }
  if (positionals.length > words) {
    throw new UsageError(`unexpected argument ${JSON.stringify(positionals[words])}`);
  }
  return { values: { ...values } as Values<Flags & typeof COMMON>, words: positionals };
}

/**
 * The name of the flag that is given, of those that exclude each other; undefined where none is.
 *
 * @throws {UsageError} When there are several.
 */
export function onlyOne(flags: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(flags).filter((name) => flags[name] !== undefined);
  if (names.length < 2) return names[0];
  throw new UsageError(`${names.map((name) => `--${name}`).join(" and ")} exclude each other`);
}

/** A file that the user named, from where the user stands; `deno task` itself runs in the project's folder. */
export function userPath(path: string): string {
  return resolve(Deno.env.get("INIT_CWD") ?? Deno.cwd(), path);
}

/** The config file that `--config` names, or the one of the project. */
export function configFile(values: { config?: string }): string {
  return values.config === undefined ? resolve(PROJECT, "config.json") : userPath(values.config);
}

/**
 * Reads a flag's value as a number.
 *
 * @throws {UsageError} When it is none, or below `least`.
 */
export function numberOf(flag: string, text: string, least: number): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(number >= least)) throw new UsageError(`${flag} takes a number, at least ${least}`);
  return number;
}

/**
 * Reads a flag's value, or an argument, as a whole number.
 *
 * @throws {UsageError} When it is none, or below 1.
 */
export function wholeNumberOf(flag: string, text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(number >= 1 && Number.isSafeInteger(number))) {
    throw new UsageError(`${flag} takes a whole number, at least 1: not ${JSON.stringify(text)}`);
  }
  return number;
}
