/** Runs a command the way `deno task` does, in a process of its own. @module */
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const decoder = new TextDecoder();

/** What a command left behind. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `deno task ARGS…` without the task runner; `before` are words that come before Deno, such as `setpriv …`. */
export async function runCommand(
  args: readonly string[],
  env: Record<string, string> = {},
  before: readonly string[] = [],
): Promise<Ran> {
  const deno = [
    Deno.execPath(),
    "run",
    "--quiet",
    `--import-map=${ROOT}.imports.json`,
    "-A",
    `${ROOT}main.ts`,
  ];
  const [program, ...words] = [...before, ...deno, ...args];
  const { code, stdout, stderr } = await new Deno.Command(program!, {
    args: words,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
