/** The command line: hands each command to the file of `lib/commands/` that bears its name. @module */
import { dispatch } from "./lib/commands/dispatch.ts";

const COMMANDS = {
  start: () => import("./lib/commands/start.ts"),
  send: () => import("./lib/commands/send.ts"),
};

if (import.meta.main) Deno.exit(await dispatch(COMMANDS, Deno.args));
