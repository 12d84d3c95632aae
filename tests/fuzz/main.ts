/** `deno task fuzz`: sends a relay hostile inputs; exits 2 when one of them did harm. @module */
import { numberOf, readArguments, UsageError } from "../../lib/commands/command.ts";
import { createProgress } from "../../lib/commands/terminal.ts";
import { fuzz } from "./fuzz.ts";

const HELP = `deno task fuzz [--inputs N] [--seed N] [--json]

  --inputs N     how many hostile inputs to send (default: 100000)
  --seed N       send the same again (default: a random one)
  --json         print JSON`;

async function main(): Promise<number> {
  const { values } = readArguments(Deno.args, { inputs: "text", seed: "text" });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const number = (name: "inputs" | "seed", otherwise: number) =>
    values[name] === undefined ? otherwise : Math.floor(numberOf(`--${name}`, values[name], 0));
  const progress = createProgress();
  const report = await fuzz({
    inputs: number("inputs", 100_000),
    seed: number("seed", crypto.getRandomValues(new Uint32Array(1))[0]!),
    onProgress: progress.show,
  });
  progress.clear();
  const { faults, ...figures } = report;
  if (values.json) console.log(JSON.stringify(report));
  else {
    for (const [name, value] of Object.entries(figures)) {
      console.log(`${name.padEnd(10)} ${typeof value === "object" ? JSON.stringify(value) : value}`);
    }
    for (const fault of faults) console.log(fault);
    console.log(faults.length === 0 ? "No harm done." : `${faults.length} faults.`);
  }
  return faults.length === 0 ? 0 : 2;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`deno task fuzz: ${error.message}`);
  Deno.exit(1);
}
