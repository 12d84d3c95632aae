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

/** Runs `deno task ARGS…` without the task runner. */
export async function runCommand(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", `--import-map=${ROOT}.imports.json`, "-A", `${ROOT}main.ts`, ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
