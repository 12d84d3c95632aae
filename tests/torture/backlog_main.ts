/** `deno task backlog`: lets deliveries pile up, and tells what that does to memory and acks. @module */
import { numberOf, readArguments, UsageError } from "../../lib/commands/command.ts";
import { createProgress } from "../../lib/commands/terminal.ts";
import { pileUp } from "./backlog.ts";

const HELP = `deno task backlog [--deliveries N] [--json]

  --deliveries N   how many are to pile up (default: 1000000)
  --json           print JSON`;

async function main(): Promise<number> {
  const { values } = readArguments(Deno.args, { deliveries: "text" });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const progress = createProgress();
  const report = await pileUp({
    deliveries: Math.floor(numberOf("--deliveries", values.deliveries ?? "1000000", 1)),
    onProgress: progress.show,
  });
  progress.clear();
  if (values.json) console.log(JSON.stringify(report));
  else {
    for (const [name, value] of Object.entries(report)) {
      console.log(`${name.padEnd(16)} ${typeof value === "object" ? JSON.stringify(value) : value}`);
    }
  }
  return report.faults.length === 0 ? 0 : 2;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`deno task backlog: ${error.message}`);
  Deno.exit(1);
}
