/** Deno's own tools, run on a plugin by the relay: types, and fetching what it imports. Neither runs its code. @module */
import { fromFileUrl } from "@std/path";
import { lockFlags } from "./lock.ts";
import { shorten } from "./protocol.ts";

/** Where a tool found something wrong. */
export interface ToolFinding {
  message: string;
  /** Such as `TS2322`; null when the tool gives none. */
  code: string | null;
  /** Absolute path; null when the tool named none. */
  file: string | null;
  line: number | null;
}

/** What the tools need to know. */
export interface ToolPaths {
  importMap: string;
  /** The plugins' lock file, which may not be there. */
  lockFile: string;
  /** A deno.json with the compiler options for plugins. */
  typesConfig: string;
  /** What the tools get as their environment. */
  environment(): Record<string, string>;
}

/**
 * Checks the types of plugins, by rules that let the five-line plugin pass. Resolves what is wrong in `folder`, the
 * plugins folder; what is wrong elsewhere is not the plugins' fault.
 */
export async function checkTypes(
  paths: ToolPaths,
  folder: string,
  modules: readonly string[],
): Promise<ToolFinding[]> {
  const { typesConfig, importMap } = paths;
  const lock = lockFlags(paths.lockFile, "added to");
  const args = ["check", "--quiet", ...lock, `--config=${typesConfig}`, `--import-map=${importMap}`];
  const findings = await tool(paths, [...args, ...modules]);
  return findings.filter(({ file, code }) =>
    (file === null || file.startsWith(folder)) && !IMPLICIT_ANY.test(code ?? "")
  );
}

/**
 * That something has no type. Not held against a plugin, and yet looked for: without, `const seen = []` would be a list
 * that takes nothing.
 */
const IMPLICIT_ANY = /^TS7\d{3}$/;

/** Fetches the npm and JSR packages that a module imports. Install scripts are not run. Resolves what hinders that. */
export function fetchImports(paths: ToolPaths, module: string): Promise<ToolFinding[]> {
  const lock = lockFlags(paths.lockFile, "added to");
  const args = ["cache", "--quiet", "--no-config", ...lock, `--import-map=${paths.importMap}`];
  return tool(paths, [...args, module]);
}

async function tool({ environment }: ToolPaths, args: string[]): Promise<ToolFinding[]> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: environment(),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return success ? [] : findingsIn(new TextDecoder().decode(stderr));
}

/**
 * What a tool found, as its output tells it: at least one finding.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const output = "TS2322 [ERROR]: Type 'string' is not assignable to type 'number'.\n" +
 *   "const n: number = 'x';\n      ^\n    at file:///plugins/x.ts:3:7\n\nFound 1 error.\n\nerror: Type checking failed.\n";
 * assertEquals(findingsIn(output), [{
 *   message: "Type 'string' is not assignable to type 'number'.",
 *   code: "TS2322",
 *   file: "/plugins/x.ts",
 *   line: 3,
 * }]);
 * assertEquals(findingsIn("error: Failed caching npm package 'x@1.0.0'\n    0: Tarball checksum did not match")[0]!.message,
 *   "Failed caching npm package 'x@1.0.0': Tarball checksum did not match");
 * ```
 */
export function findingsIn(output: string): ToolFinding[] {
  const reports = output.split(/^(?=TS\d+ \[ERROR\]: |error: )/m).filter((part) =>
    /^(TS\d|error: )/.test(part)
  );
  const findings = reports.filter((report) => !/^error: Type checking failed/.test(report)).map((report) => {
    const [, code, what = "", cause] =
      /^(?:(TS\d+) \[ERROR\]|error): (.*)(?:\s+(?:0: |Caused by:\s+)(.*))?/.exec(report) ?? [];
    const place = /at (file:\/\/\S+?):(\d+):\d+/.exec(report);
    return {
      message: shorten(cause === undefined ? what : `${what}: ${cause}`, 500),
      code: code ?? null,
      file: place ? fromFileUrl(place[1]!) : null,
      line: place ? Number(place[2]) : null,
    };
  });
  return findings.length > 0
    ? findings
    : [{ message: shorten(output.trim(), 500), code: null, file: null, line: null }];
}
