/** What is wrong with a config, told so that a person can mend it. @module */
import { basename } from "@std/path";

/** One thing that is wrong. None of its texts ever holds a value that came from the environment. */
export interface Mistake {
  /** Where, such as `routes[2].fields[0]` or `line 3, column 7`; empty for the file as a whole. */
  path: string;
  /** What is wrong there. */
  problem: string;
  /** What would be right. */
  permitted?: string;
  /** What to do about it. */
  hint?: string;
}

/** A config that cannot be used. Its message lists every mistake, for people. */
export class ConfigError extends Error {
  override name = "ConfigError";
  /** @param file The config file. */
  constructor(public readonly file: string, public readonly mistakes: readonly Mistake[]) {
    super(renderMistakes(file, mistakes));
  }
}

/**
 * The mistakes as text, each as `config.json: routes[2].fields[0]: …`, with what is permitted and what to do on
 * indented lines below.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   renderMistakes("/etc/coinrelay/config.json", [{ path: "server.prot", problem: "is not a known key", hint: 'did you mean "port"?' }]),
 *   'config.json: server.prot: is not a known key\n    did you mean "port"?',
 * );
 * ```
 */
export function renderMistakes(file: string, mistakes: readonly Mistake[]): string {
  return mistakes.map(({ path, problem, permitted, hint }) =>
    [
      [basename(file), path, problem].filter((part) => part !== "").join(": "),
      ...(hint === undefined ? [] : [`    ${hint}`]),
      ...(permitted === undefined ? [] : [`    permitted: ${permitted}`]),
    ].join("\n")
  ).join("\n");
}

/** Where a value stands in a config: keys and indexes from the top. */
export type Path = readonly (string | number)[];

/** A path as people write it. */
export function renderPath(path: Path): string {
  return path.map((part, i) =>
    typeof part === "number"
      ? `[${part}]`
      : /^[A-Za-z_$][\w$-]*$/.test(part)
      ? (i === 0 ? part : `.${part}`)
      : `[${JSON.stringify(part)}]`
  ).join("");
}
