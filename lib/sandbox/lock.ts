/** The plugins' lock file: where there is one, the packages that plugins import are those that it names, and no others. @module */
import { join } from "@std/path";

/** Its place: `deno.lock` in the plugins folder, for the user to put there. */
export function lockFile(folder: string): string {
  return join(folder, "deno.lock");
}

/**
 * Deno's flags for a lock file, which may not be there.
 *
 * @param how `held`: what it does not name is an error. `added to`: that is written into it.
 */
export function lockFlags(file: string, how: "held" | "added to"): string[] {
  try {
    if (!Deno.statSync(file).isFile) return ["--no-lock"];
  } catch {
    return ["--no-lock"];
  }
  return how === "held" ? [`--lock=${file}`, "--frozen"] : [`--lock=${file}`];
}
