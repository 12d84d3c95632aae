/** The command line: hands each command to the file of `lib/commands/` that bears its name. @module */
import { runCommandLine } from "./lib/commands/command_line.ts";

/** The command in a file, found only when it is asked for: imports by name Deno would all read, and keep, at each start. */
const command = (file: string) => () => import(import.meta.resolve(`./lib/commands/${file}.ts`));

const COMMANDS = {
  start: command("start"),
  send: command("send"),
  check: command("check"),
  doctor: command("doctor"),
  new: command("new"),
  try: command("try"),
  "dead-letters": command("dead_letters"),
  replay: command("replay"),
  backup: command("backup"),
  "move-store": command("move_store"),
};

if (import.meta.main) Deno.exit(await runCommandLine(COMMANDS, Deno.args));
