/**
 * What stays hidden from a process, whatever it is granted. Deno allows and denies paths as they are written, with all that
 * is in them, and follows the links on the way: so a path is hidden only by all its names, and only where it stays.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { isWithin, wayTo } from "./in_folder.ts";

/** Where the system shows processes and devices as files, and leads from these to all others. */
const OF_THE_SYSTEM = ["/proc", "/dev", "/sys"];

/**
 * All names of `paths`: as they are written, where the links on their way lead, and how they are reached by way of a
 * `granted` path that is a link or has one on its way. Links further inside of a granted folder are not looked for.
 */
export function namesOf(paths: readonly string[], granted: readonly string[]): string[] {
  const all = [...new Set(paths.flatMap((path) => [path, targetOf(path)]))];
  const ways = granted.flatMap((folder) => {
    const target = targetOf(folder);
    return target === folder ? [] : all.flatMap((path) => {
      const way = wayTo(target, path);
      return way === null ? [] : [join(folder, ...way)];
    });
  });
  return [...new Set([...all, ...ways])];
}

/**
 * What must not be written so that `paths` stay where they are: themselves, and of the folders on the way to each that may
 * be written the outermost, since who may rename one finds all that is in it by another name.
 *
 * A granted folder itself can be renamed only to a path outside of it that is granted too. Only then is it denied.
 *
 * @param granted Files and folders that the process may write.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(unmovable(["/r/.env", "/r/a/b/relay.db"], ["/r"]), ["/r/.env", "/r/a/b/relay.db", "/r/a"]);
 * assertEquals(unmovable(["/r/a/relay.db"], ["/r/a"]), ["/r/a/relay.db"]);
 * assertEquals(unmovable(["/r/a/relay.db"], ["/r/a", "/out"]), ["/r/a/relay.db", "/r/a"]);
 * ```
 */
export function unmovable(paths: readonly string[], granted: readonly string[]): string[] {
  const folders = granted.flatMap((folder) => {
    const ways = paths.map((path) => wayTo(folder, path) ?? []).filter(({ length }) => length > 0);
    const mayLeave = ways.length > 0 && granted.some((other) => wayTo(folder, other) === null);
    if (mayLeave) return [folder];
    return ways.filter(({ length }) => length > 1).map(([first]) => join(folder, first!));
  });
  return [...new Set([...paths, ...folders])];
}

/**
 * What of the system's own folders a `granted` path opens. Deno keeps it from whoever may not do everything, but not from
 * an import: as text, `/proc/self/cwd/.env` would be read by a plugin that may read `/`.
 */
export function systemFolders(granted: readonly string[]): string[] {
  return OF_THE_SYSTEM.filter((folder) =>
    granted.some((path) => isWithin(path, folder) || isWithin(folder, path))
  );
}

/** Where a path leads. What is not there, or may not be looked at, is taken for no link. */
function targetOf(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(targetOf(folder), basename(path));
  }
}
