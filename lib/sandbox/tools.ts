/** Deno's own tools, run on a plugin by the relay: types, and fetching what it imports. Neither runs its code. @module */
import { fromFileUrl } from "@std/path";
import { shorten } from "./protocol.ts";

/** Where a tool found something wrong. */
export interface ToolFinding {
  message: string;
  /** Absolute path; null when the tool named none. */
  file: string | null;
  line: number | null;
}

/** What the tools need to know. */
export interface ToolPaths {
  importMap: string;
  /** A deno.json with the compiler options for plugins. */
  typesConfig: string;
  /** What the tools get as their environment. */
  environment(): Record<string, string>;
}

/** Checks the types of plugins, by rules that let the five-line plugin pass. Resolves null when they are right. */
export function checkTypes(paths: ToolPaths, modules: readonly string[]): Promise<ToolFinding | null> {
  return tool(paths, [
    "check",
    "--quiet",
    "--no-lock",
    `--config=${paths.typesConfig}`,
    `--import-map=${paths.importMap}`,
    ...modules,
  ]);
}

/** Fetches the npm and JSR packages that a plugin imports. Install scripts are not run. Resolves null when all are there. */
export function fetchImports(paths: ToolPaths, module: string): Promise<ToolFinding | null> {
  return tool(paths, [
    "cache",
    "--quiet",
    "--no-config",
    "--no-lock",
    `--import-map=${paths.importMap}`,
    module,
  ]);
}

async function tool({ environment }: ToolPaths, args: string[]): Promise<ToolFinding | null> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: environment(),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return success ? null : findingIn(new TextDecoder().decode(stderr));
}

/**
 * The first finding in a tool's output.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const output = "TS2322 [ERROR]: Type 'string' is not assignable to type 'number'.\n" +
 *   "const n: number = 'x';\n      ^\n    at file:///plugins/x.ts:3:7\n";
 * assertEquals(findingIn(output), {
 *   message: "Type 'string' is not assignable to type 'number'.",
 *   file: "/plugins/x.ts",
 *   line: 3,
 * });
 * ```
 */
export function findingIn(output: string): ToolFinding {
  const place = /at (file:\/\/\S+?):(\d+):\d+/.exec(output);
  const first = output.trim().split("\n").find((line) => line !== "" && !/^Check /.test(line)) ?? "failed";
  return {
    message: shorten(first.replace(/^(error: )?(TS\d+ \[ERROR\]: )?/, ""), 500),
    file: place ? fromFileUrl(place[1]!) : null,
    line: place ? Number(place[2]) : null,
  };
}
