/** What tasks of deno.json answer that take no arguments. @module */

/**
 * Whether a task is to go on: one that is asked for `--help` tells what it does, and one that is given anything else ends
 * with exit code 1.
 *
 * @param help What it does, in sentences.
 */
export function goesOn(task: string, help: string, args: readonly string[] = Deno.args): boolean {
  const [argument] = args;
  if (argument === undefined) return true;
  const text = `deno task ${task}\n\n${help}\n\n  -h, --help           print this`;
  if (argument === "--help" || argument === "-h") console.log(text);
  else {
    console.error(`deno task ${task}: unexpected argument ${JSON.stringify(argument)}\n\n${text}`);
    Deno.exitCode = 1;
  }
  return false;
}
