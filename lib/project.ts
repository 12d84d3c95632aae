/** Where the program is. @module */
import { fromFileUrl, join } from "@std/path";

/** Folder that holds deno.json, with a slash at its end. */
export const PROJECT = fromFileUrl(new URL("../", import.meta.url));

/**
 * Whether the program's files were changed after `time` (milliseconds since 1970): a process that began before it has parts
 * of two versions, since not all is loaded at its start. False where they cannot be looked at.
 */
export function programChangedAfter(time: number): boolean {
  try {
    return changedAfter(join(PROJECT, "lib"), time);
  } catch {
    return false;
  }
}

function changedAfter(folder: string, time: number): boolean {
  return [...Deno.readDirSync(folder)].some(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? changedAfter(path, time) : (Deno.statSync(path).mtime?.getTime() ?? 0) > time;
  });
}
