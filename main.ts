/** The command line: hands each command to the file of `lib/commands/` that bears its name. @module */
import { dispatch } from "./lib/commands/dispatch.ts";
import * as send from "./lib/commands/send.ts";

const COMMANDS = [send];

if (import.meta.main) Deno.exit(await dispatch(COMMANDS, Deno.args));
