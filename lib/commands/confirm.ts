/** Asks before something is done to many. @module */

/**
 * Whether to go on: `yes` says so; without it a person on a terminal is asked, and a script is told to say it.
 *
 * @param question Such as `Retry 12 dead letters?`
 */
export function confirmed(question: string, yes: boolean | undefined): boolean {
  if (yes) return true;
  if (Deno.stdin.isTerminal() && Deno.stdout.isTerminal()) {
    const agreed = confirm(question);
    if (!agreed) console.error("Nothing was done: that takes a y.");
    return agreed;
  }
  console.error(`${question} Nothing was done: say --yes.`);
  return false;
}
