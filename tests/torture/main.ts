/**
 * `deno task torture`: kills the relay with SIGKILL, at random and at every step, while a provider sends and a receiver
 * fails; afterwards tells what was lost (nothing, or it exits 2) and how often something was done twice.
 *
 * @module
 */
import { numberOf, readArguments, UsageError } from "../../lib/commands/command.ts";
import { createProgress } from "../../lib/commands/terminal.ts";
import { breaches, torture } from "./torture.ts";

const HELP = `deno task torture [--kills N] [--events N] [--seconds S] [--seed N] [--store URL] [--json]

  --kills N      how often to kill the relay (default: 500)
  --events N     how many events to send meanwhile (default: 20000)
  --seconds S    begin no new kill after so long (default: no limit)
  --seed N       make the same choices again (default: a random one; the moments still differ)
  --store URL    the store, such as postgres://… (default: a SQLite file of its own); it must be empty
  --json         print JSON`;

async function main(): Promise<number> {
  const { values } = readArguments(Deno.args, {
    kills: "text",
    events: "text",
    seconds: "text",
    seed: "text",
    store: "text",
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const number = (name: "kills" | "events" | "seconds" | "seed", otherwise: number) =>
    values[name] === undefined ? otherwise : Math.floor(numberOf(`--${name}`, values[name], 0));
  const progress = createProgress();
  const report = await torture({
    kills: number("kills", 500),
    events: number("events", 20_000),
    seed: number("seed", crypto.getRandomValues(new Uint32Array(1))[0]!),
    ...(values.seconds === undefined ? {} : { seconds: number("seconds", 0) }),
    ...(values.store === undefined ? {} : { store: values.store }),
    onProgress: progress.show,
  });
  progress.clear();
  const found = breaches(report);
  if (values.json) console.log(JSON.stringify(report));
  else {
    for (const [name, value] of Object.entries(report)) {
      const said = Array.isArray(value)
        ? value.length
        : typeof value === "object"
        ? JSON.stringify(value)
        : value;
      console.log(`${name.padEnd(14)} ${said}`);
    }
    for (const line of found) console.log(line);
    console.log(found.length === 0 ? "Every promise held." : `${found.length} breaches.`);
  }
  return found.length === 0 ? 0 : 2;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`deno task torture: ${error.message}`);
  Deno.exit(1);
}
