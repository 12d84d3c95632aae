/** `deno task edits`: edits a plugin again and again under load, and tells which versions acted and what memory did. @module */
import { numberOf, readArguments, UsageError } from "../../lib/commands/command.ts";
import { createProgress } from "../../lib/commands/terminal.ts";
import { editPlugin } from "./edits.ts";

const HELP = `deno task edits [--edits N] [--rest SECONDS] [--json]

  --edits N        how often the plugin is edited; each third edit breaks it (default: 1000)
  --rest SECONDS   how long the relay is left alone before its memory is looked at once more (default: 90)
  --json           print JSON`;

async function main(): Promise<number> {
  const { values } = readArguments(Deno.args, { edits: "text", rest: "text" });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const edits = Math.floor(numberOf("--edits", values.edits ?? "1000", 1));
  const progress = createProgress();
  const report = await editPlugin({
    edits,
    every: Math.max(1, Math.floor(edits / 20)),
    restMs: numberOf("--rest", values.rest ?? "90", 0) * 1000,
    onProgress: progress.show,
  });
  progress.clear();
  if (values.json) console.log(JSON.stringify(report));
  else {
    const { during, ...rest } = report;
    for (const sample of during) console.log(JSON.stringify(sample));
    for (const [name, value] of Object.entries(rest)) {
      console.log(`${name.padEnd(10)} ${typeof value === "object" ? JSON.stringify(value) : value}`);
    }
  }
  return report.faults.length === 0 ? 0 : 2;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`deno task edits: ${error.message}`);
  Deno.exit(1);
}
