/** The files that stay closed to a plugin, whatever its route grants. @module */
import { join } from "@std/path";
import { PROJECT } from "../project.ts";
import { namesOf } from "./hidden.ts";
import { isWithin } from "./in_folder.ts";

/** Files and folders that are the relay's own. */
export interface OwnFiles {
  /** May be neither read nor written. */
  hidden: readonly string[];
  /** May not be written: what the relay runs, and what says how. */
  code: readonly string[];
}

/** The relay's own files, with the plugins `folder` and what is `hidden`. */
export function ownFiles(folder: string, hidden: readonly string[]): OwnFiles {
  const code = ["lib", "main.ts", "deno.json", "deno.lock", ".imports.json"].map((name) =>
    join(PROJECT, name)
  );
  return { hidden, code: [folder, ...code] };
}

/** Whether no grant of this kind opens a path: it is the relay's own, by whatever name. */
export function isNeverGranted({ hidden, code }: OwnFiles, kind: string, path: string): boolean {
  const own = kind === "read" ? hidden : kind === "write" ? [...hidden, ...code] : [];
  return namesOf(own, [path]).some((one) => isWithin(one, path));
}
