/** Hands the command line to the command that it names. @module */
import { ConfigError } from "../config/mistake.ts";
import { nearOrAll } from "../config/suggest.ts";
import { isOfSystem } from "../message_of.ts";
import { type Command, EXIT, UsageError } from "./command.ts";

/** Commands by name. Each is loaded when it is asked for, so that none pays for the others. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** Runs the command that `args` name, prints what goes wrong, and resolves the exit code. */
export async function runCommandLine(commands: Commands, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(overview(await Promise.all(Object.values(commands).map((load) => load()))));
    return name === undefined ? EXIT.yourInput : EXIT.done;
  }
  if (!Object.hasOwn(commands, name)) {
    const names = Object.keys(commands);
    console.error(`unknown command ${JSON.stringify(name)}: ${nearOrAll(name, names)}`);
    return EXIT.yourInput;
  }
  const command = await commands[name]!();
  const flags = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (flags.includes("--help") || flags.includes("-h")) {
    console.log(command.help);
    return EXIT.done;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(
        `deno task ${name}: ${error.message}\n\n\`deno task ${name} --help\` tells what it takes.`,
      );
      return EXIT.yourInput;
    }
    if (error instanceof ConfigError) {
      console.error(error.message);
      return EXIT.yourInput;
    }
    if (isOfSystem(error)) {
      console.error(`deno task ${name} failed, for the system refused something: ${error.message}`);
      return EXIT.ours;
    }
    console.error(`deno task ${name} failed, and the fault is not yours:`, error);
    return EXIT.ours;
  }
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `coinrelay: receives signed CryptoSync webhooks and runs plugins on what changed.

${commands.map(({ name, summary }) => `  deno task ${name.padEnd(width)}  ${summary}`).join("\n")}

Each answers --help.`;
}
