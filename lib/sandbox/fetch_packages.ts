/**
 * `deno task fetch`: fetches all packages that the program and the plugins of the project import, those that run them
 * among it.
 *
 * @module
 */
import { join } from "@std/path";
import { PROJECT } from "../project.ts";
import { goesOn } from "../task_help.ts";
import { readCatalogue } from "./catalogue.ts";
import { lockFile, lockFlags } from "./lock.ts";

const HELP =
  `Fetches all packages that the relay and the plugins import, for a start without a network: into Deno's cache, for the
user who runs it. What a deno.lock in the plugins folder lacks is added to it.`;

/** What is loaded while the program runs, and imported by nothing that is loaded at its start. */
const ENTRIES = ["main.ts", "lib/launch.ts", "lib/admin/thread/main.ts"];
const FOLDERS = ["lib/commands", "lib/store/postgres", "lib/trace", "lib/try"];

const IMPORT_MAP = `--import-map=${join(PROJECT, ".imports.json")}`;

async function cache(...args: string[]): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), { args: ["cache", "--quiet", ...args], cwd: PROJECT });
  return (await command.spawn().status).code;
}

function ofProgram(): Promise<number> {
  const inFolders = FOLDERS.flatMap((folder) =>
    [...Deno.readDirSync(join(PROJECT, folder))].filter(({ name }) => name.endsWith(".ts"))
      .map(({ name }) => `${folder}/${name}`)
  );
  return cache(IMPORT_MAP, ...ENTRIES, ...inFolders);
}

function ofPlugins(): Promise<number> {
  const folder = join(PROJECT, "plugins");
  const modules = readCatalogue(folder).plugins.map(({ file }) => join(folder, file));
  return cache(
    "--no-config",
    ...lockFlags(lockFile(folder), "added to"),
    IMPORT_MAP,
    join(PROJECT, "lib/sandbox/bootstrap.ts"),
    ...modules,
  );
}

if (goesOn("fetch", HELP)) Deno.exitCode = await ofProgram() || await ofPlugins();
