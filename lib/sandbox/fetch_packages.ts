/** Of `deno task fetch`: fetches all packages that the plugins of the project import, those that run them among it. @module */
import { join } from "@std/path";
import { PROJECT } from "../project.ts";
import { readCatalogue } from "./catalogue.ts";
import { lockFile, lockFlags } from "./lock.ts";

const folder = join(PROJECT, "plugins");
const modules = readCatalogue(folder).plugins.map(({ file }) => join(folder, file));
const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    "cache",
    "--quiet",
    "--no-config",
    ...lockFlags(lockFile(folder), "added to"),
    `--import-map=${join(PROJECT, ".imports.json")}`,
    join(PROJECT, "lib/sandbox/bootstrap.ts"),
    ...modules,
  ],
}).spawn().status;
Deno.exit(code);
