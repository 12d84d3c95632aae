/**
 * `deno task test`: runs the tests, with arguments handed on to `deno test`, and ends in one plain line with the count.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const IMPORT_MAP = "--import-map=.imports.json";

/** The last line that `deno test` prints, without its colours. */
const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed.*?\| (\d+) failed(?: \(.*?\))?(?: \| (\d+) ignored)?/;
// deno-lint-ignore no-control-regex -- colours begin with one
const COLOUR = /\x1b\[[0-9;]*m/g;

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs `deno test`, passes its output on, and reads the count out of it; null when it did not come to a count. */
async function test(args: readonly string[]): Promise<{ code: number; count: Count | null }> {
  const colours = Deno.stdout.isTerminal() && !Deno.noColor;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["test", IMPORT_MAP, "-A", ...args],
    cwd: ROOT,
    stdout: "piped",
    stderr: "inherit",
    env: colours ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" },
  }).spawn();
  let count: Count | null = null;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of process.stdout) {
    await passOn(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, passed, failed, skipped] = SUMMARY.exec(line.replace(COLOUR, "")) ?? [];
      if (passed !== undefined) {
        count = { passed: Number(passed), failed: Number(failed), skipped: Number(skipped ?? 0) };
      }
    }
  }
  return { code: (await process.status).code, count };
}

async function passOn(chunk: Uint8Array): Promise<void> {
  for (let sent = 0; sent < chunk.length;) sent += await Deno.stdout.write(chunk.subarray(sent));
}

const HELP = `deno task test [FILE…] [flags of deno test]

Runs the tests: those of the files or folders, or all, with the examples in the docstrings. Ends in one line with the count.

  --filter TEXT        only the tests with this text in their name; \`deno test --help\` tells the other flags
  -h, --help           print this

\`deno task docs:test\` runs the commands of README and docs so, in a fresh copy.

Exit code: that of deno test.`;

if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
  console.log(HELP);
  Deno.exit();
}

/** What is run when no file is named: the tests, and the examples in the docstrings. */
const EVERYTHING = ["--doc", "tests", "plugins", "lib"];

const files = Deno.args.filter((arg) => !arg.startsWith("-"));
const { code, count } = await test(["--parallel", ...Deno.args, ...(files.length > 0 ? [] : EVERYTHING)]);
const { passed, skipped, ...counted } = count ?? { passed: 0, failed: 0, skipped: 0 };
const failed = code === 0 ? counted.failed : Math.max(1, counted.failed); // what does not compile counts as one
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
Deno.exit(code);
