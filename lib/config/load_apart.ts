/**
 * Reads config.json in a process of its own: what checks a config takes a fifth of the relay's memory, and is needed for
 * a moment.
 *
 * @module
 */
import { join } from "@std/path";
import { PROJECT } from "../project.ts";
import type { Environment, Substitution } from "./environment.ts";
import { ConfigError, type Mistake } from "./mistake.ts";
import type { Config } from "./schema.ts";
import { rememberSubstitutions } from "./substitutions.ts";

/** What the process is asked, as JSON on its standard input. */
export interface LoadQuestion {
  file: string;
  environment: Environment;
}

/** What it answers, as JSON on its standard output. */
export type LoadAnswer = { config: Config; substitutions: readonly Substitution[] } | { mistakes: Mistake[] };

/**
 * Reads and checks a config as `loadConfig` does.
 *
 * @throws {ConfigError} With every mistake at once.
 */
export async function loadConfigApart(file: string, environment: Environment): Promise<Config> {
  const answer = await ask({ file, environment });
  if ("mistakes" in answer) throw new ConfigError(file, answer.mistakes);
  rememberSubstitutions(answer.config, answer.substitutions);
  return answer.config;
}

async function ask(question: LoadQuestion): Promise<LoadAnswer> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--import-map=${join(PROJECT, ".imports.json")}`,
      "--allow-read", // config.json may lead anywhere
      join(PROJECT, "lib/config/load_apart_main.ts"),
    ],
    clearEnv: true,
    env: { ...withoutLoader(Deno.env.toObject()), OTEL_DENO: "false" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  const asking = stdin.write(new TextEncoder().encode(JSON.stringify(question))).then(() => stdin.close());
  const [output] = await Promise.all([child.output(), asking.catch(() => {})]); // how it ends tells more
  if (output.success) return JSON.parse(new TextDecoder().decode(output.stdout)) as LoadAnswer;
  throw new Error(`what checks a config has failed: ${new TextDecoder().decode(output.stderr).trim()}`);
}

/** What Deno hands on to another program only where all may be run, whatever its value: the relay may run two. */
function withoutLoader(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(LD|DYLD)_/i.test(name)));
}
