/** The rights of an ordinary user, also for tests that run as root. @module */

/** Words before a command, so that modes of files hold for it; null where that cannot be had. */
export const ORDINARY: readonly string[] | null = Deno.build.os === "windows"
  ? null
  : Deno.uid() !== 0
  ? []
  : wordsForRoot();

/** Root keeps its name, and loses the right to pass over modes. */
function wordsForRoot(): readonly string[] | null {
  const [program, ...args] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] as const;
  try {
    const { success } = new Deno.Command(program, { args: [...args, "true"], stderr: "null" }).outputSync();
    return success ? [program, ...args] : null;
  } catch {
    return null; // no such program
  }
}
