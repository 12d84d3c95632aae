/** What `deno task start` runs. @module */
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Deno's arguments for the launcher, as the task has them; those of `start` follow. */
export const LAUNCHER: readonly string[] = [
  "run",
  "--quiet",
  `--import-map=${ROOT}.imports.json`,
  "--no-prompt",
  "--allow-read",
  "--allow-env",
  "--allow-run",
  `${ROOT}lib/launch.ts`,
];
