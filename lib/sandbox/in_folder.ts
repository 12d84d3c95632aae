/** Whether a path lies in a folder, by how it is written. @module */
import { isAbsolute, relative } from "@std/path";

/**
 * The names that lead from a folder to a path in it, none to itself; null to a path that is not in it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(wayTo("/r", "/r/a/b"), ["a", "b"]);
 * assertEquals(wayTo("/r", "/r"), []);
 * assertEquals(wayTo("/r", "/r..a"), null);
 * assertEquals(wayTo("/r", "/r/..a"), ["..a"]);
 * ```
 */
export function wayTo(folder: string, path: string): string[] | null {
  const way = relative(folder, path);
  if (way === "") return [];
  const names = way.split(/[/\\]/);
  return names[0] === ".." || isAbsolute(way) ? null : names;
}

/** Whether a path is a folder, or in it. */
export function isWithin(folder: string, path: string): boolean {
  return wayTo(folder, path) !== null;
}

/** Whether a path is in a folder, and not the folder itself. */
export function isInside(folder: string, path: string): boolean {
  return (wayTo(folder, path) ?? []).length > 0;
}
