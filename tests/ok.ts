/**
 * `deno task ok`: format, lint, types and tests, what CI runs. One step after another, until one fails.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { goesOn } from "../lib/task_help.ts";

const HELP =
  `What CI runs: asks the npm registry for known holes in the packages (if it answers), then checks format, lint and
types, and runs every test. Ends at the first step that fails. Takes minutes; \`deno task test FILE\` runs a part.

Exit code: 0 all is right, 1 something is wrong.`;

const IMPORT_MAP = "--import-map=.imports.json";

/** Deno's arguments for each step. */
const STEPS = [
  ["audit", "--level=high", "--ignore-registry-errors"],
  ["fmt", "--quiet", "--check"],
  ["lint", "--quiet"],
  ["check", "--quiet", IMPORT_MAP, "main.ts", "lib", "plugins", "tests", "bench"],
  ["run", "--quiet", IMPORT_MAP, "-A", "tests/run.ts"],
];

if (goesOn("ok", HELP)) {
  for (const args of STEPS) {
    const step = new Deno.Command(Deno.execPath(), {
      args,
      cwd: fromFileUrl(new URL("../", import.meta.url)),
    });
    if ((await step.spawn().status).success) continue;
    Deno.exitCode = 1;
    break;
  }
}
