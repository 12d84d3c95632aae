/** `${NAME}` in a config: what the environment, or `.env` beside the config, says it is. @module */
import { parse } from "@std/dotenv";
import { dirname, join } from "@std/path";
import type { Json } from "../nouns.ts";
import { didYouMean } from "./suggest.ts";
import { type Mistake, type Path, renderPath } from "./mistake.ts";

/** Names and values, as `Deno.env.toObject()` gives them. */
export type Environment = Readonly<Record<string, string>>;

/** The `.env` file of a config file. */
export function dotenvFile(configFile: string): string {
  return join(dirname(configFile), ".env");
}

/**
 * `environment`, with what it lacks filled in from the config's `.env`, if there is one. Values in `.env` stand for
 * themselves: a `$` in a password is a `$`.
 */
export function withDotenv(configFile: string, environment: Environment): Environment {
  try {
    const text = Deno.readTextFileSync(dotenvFile(configFile)).replace(/^\ufeff/, "");
    return { ...parse(withoutExpansion(text)), ...environment };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return environment;
    throw error;
  }
}

/** One assignment of a `.env`, in quotes or (captured) without. */
const ASSIGNMENT = /^(\s*(?:export\s+)?[^\s=#]+\s*=[ \t]*)(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|([^\r\n#]*))/gm;

/** Quotes bare values that hold a `$`, which the library would take for a variable's name. */
function withoutExpansion(text: string): string {
  return text.replaceAll(
    ASSIGNMENT,
    (whole, name: string, bare: string | undefined) =>
      bare?.includes("$") ? `${name}"${bare.trim().replaceAll(/[\\"]/g, "\\$&")}"` : whole,
  );
}

/** A place whose text came, in part or whole, from the environment. */
export interface Substitution {
  path: Path;
  /** As written, with its `${NAME}`. */
  written: string;
  /** The names used there, with their values. */
  variables: Environment;
}

/** A config with its `${NAME}` replaced. */
export interface Substituted {
  value: Json;
  substitutions: Substitution[];
  mistakes: Mistake[];
}

const NAME = /^[A-Za-z_]\w*$/;

/**
 * Replaces each `${NAME}` in the texts (not the keys) of `value`. What is put in is not looked at again, so a value
 * may hold `${`. `${{` is left alone, for templates. An unset name is a mistake; its place keeps the text as written.
 */
export function substitute(value: Json, environment: Environment): Substituted {
  const substitutions: Substitution[] = [];
  const mistakes: Mistake[] = [];

  const text = (written: string, path: Path): string => {
    const variables: Record<string, string> = {};
    const result = written.replaceAll(/\$\{(?!\{)([^}]*)(\}?)/g, (whole, name: string, end: string) => {
      if (!end || !NAME.test(name)) {
        mistakes.push({
          path: renderPath(path),
          problem: end ? `\${${name}} names no environment variable` : "a ${ without its }",
          permitted: "${NAME}, of letters, digits and _",
        });
        return whole;
      }
      const found = Object.hasOwn(environment, name) ? environment[name] : undefined;
      if (found === undefined) {
        const near = didYouMean(name, Object.keys(environment));
        mistakes.push({
          path: renderPath(path),
          problem: `the environment variable ${name} is not set`,
          hint: `${
            near ? `${near} Otherwise set` : "set"
          } it, or write ${name}=… into .env beside the config`,
        });
        return whole;
      }
      variables[name] = found;
      return found;
    });
    if (Object.keys(variables).length > 0) substitutions.push({ path, written, variables });
    return result;
  };

  const walk = (node: Json, path: Path): Json => {
    if (typeof node === "string") return text(node, path);
    if (Array.isArray(node)) return node.map((item, i) => walk(item, [...path, i]));
    if (node === null || typeof node !== "object") return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, [...path, key])]));
  };

  return { value: walk(value, []), substitutions, mistakes };
}
