/** Words of commands that a person is told to type. @module */

/**
 * A word as a shell takes it: in quotes where it holds what a shell would read otherwise.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(inShell("/srv/relay/.env"), "/srv/relay/.env");
 * assertEquals(inShell("/srv/Bob's relay/.env"), "'/srv/Bob'\\''s relay/.env'");
 * ```
 */
export function inShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
