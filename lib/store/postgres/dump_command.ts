/** How PostgreSQL's own tool copies a store. @module */
import { inShell } from "../../in_shell.ts";
import { readSettings } from "./settings.ts";

/**
 * The command that writes a consistent copy to `file`, while relays run. It asks for the password itself.
 *
 * @param url See {@linkcode readSettings}.
 */
export function dumpCommand(url: string, file: string): string {
  const { host, port, database, user, schema } = readSettings(url);
  const where = [`--host=${host}`, `--port=${port}`, `--username=${user}`, `--schema=${schema}`];
  return ["pg_dump", ...where, "--format=custom", `--file=${file}`, database].map(inShell).join(" ");
}
