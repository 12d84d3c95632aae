/** What a relay knows of its launcher. @module */

/** Set in the environment of a relay that was launched: its standard input ends with its launcher. */
export const LAUNCHED = "COINRELAY_LAUNCHED";

/** Resolves when the launcher has ended, however; never for a relay that has none. */
export async function launcherEnded(): Promise<void> {
  if (Deno.env.get(LAUNCHED) === undefined) return await new Promise(() => {});
  try {
    for await (const _ of Deno.stdin.readable) { /* nothing is ever said */ }
  } catch {
    // a pipe that breaks has ended as well
  }
}
