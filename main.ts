/** The command line: hands each command to the file of `lib/commands/` that bears its name. @module */
import { dispatch } from "./lib/commands/dispatch.ts";

const COMMANDS = {
  start: () => import("./lib/commands/start.ts"),
  send: () => import("./lib/commands/send.ts"),
  check: () => import("./lib/commands/check.ts"),
  doctor: () => import("./lib/commands/doctor.ts"),
  new: () => import("./lib/commands/new.ts"),
  try: () => import("./lib/commands/try.ts"),
  "dead-letters": () => import("./lib/commands/dead_letters.ts"),
  replay: () => import("./lib/commands/replay.ts"),
  backup: () => import("./lib/commands/backup.ts"),
  "move-store": () => import("./lib/commands/move_store.ts"),
};

if (import.meta.main) Deno.exit(await dispatch(COMMANDS, Deno.args));
