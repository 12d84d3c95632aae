/** The files that stay closed to a plugin, whatever its route grants. @module */
import { join, resolve } from "@std/path";
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
  return { hidden, code: [folder, ...code, Deno.execPath(), ...denoFolder((name) => Deno.env.get(name))] };
}

/**
 * Where Deno keeps packages and what it made of them, which the relay runs: DENO_DIR, or where Deno puts it. Empty where
 * the environment does not tell.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(denoFolder((name) => ({ HOME: "/home/ann" })[name], "linux"), ["/home/ann/.cache/deno"]);
 * assertEquals(denoFolder((name) => ({ HOME: "/home/ann", DENO_DIR: "/deno" })[name], "linux"), ["/deno"]);
 * ```
 */
export function denoFolder(env: (name: string) => string | undefined, os: string = Deno.build.os): string[] {
  const below = (name: string, ...path: string[]) => {
    const folder = env(name) ?? "";
    return folder === "" ? undefined : join(folder, ...path);
  };
  const usual = os === "windows"
    ? below("LOCALAPPDATA", "deno")
    : os === "darwin"
    ? below("HOME", "Library", "Caches", "deno")
    : below("XDG_CACHE_HOME", "deno") ?? below("HOME", ".cache", "deno");
  const folder = below("DENO_DIR") ?? usual;
  return folder === undefined ? [] : [resolve(folder)];
}

/** Whether no grant of this kind opens a path: it is the relay's own, by whatever name. */
export function isNeverGranted({ hidden, code }: OwnFiles, kind: string, path: string): boolean {
  const own = kind === "read" ? hidden : kind === "write" ? [...hidden, ...code] : [];
  return namesOf(own, [path]).some((one) => isWithin(one, path));
}
