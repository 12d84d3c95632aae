/** What a process printed last, which tells why it ended. @module */
import { LIMITS, shorten } from "./protocol.ts";

/** Characters that are kept, at least. */
const KEPT = 8192;
/** How the last words of a runtime begin. */
const DYING =
  /^(<--- Last few GCs|# Fatal |==== C stack trace|error: Top-level await promise never resolved)/;
/** What the runtime says before it ends for the use of an interface that a flag would open. */
const UNSTABLE = /(?:^|\n)Unstable API '(.*)'\. The `--unstable-[\w-]+` flag must be provided\.$/;

/** The end of what a process prints. */
export class LastWords {
  #printed = "";
  /** Characters printed since a runtime began to die. */
  #sinceDying = Infinity;

  /** Takes a line; answers whether it is for the log: a runtime that dies prints pages, of which the first words tell all. */
  add(line: string): boolean {
    if (line === "") return false; // of which a plugin may print millions
    this.#printed += line.slice(0, KEPT) + "\n";
    if (this.#printed.length > 2 * KEPT) this.#printed = this.#printed.slice(-KEPT); // not for every line
    this.#sinceDying = DYING.test(line) ? 0 : this.#sinceDying + line.length + 1;
    return this.#sinceDying > KEPT;
  }

  /** For a person: what became of "its process". */
  causeOf({ code, signal }: Pick<Deno.CommandStatus, "code" | "signal">): string {
    if (/out of memory|heap limit/i.test(this.#printed)) return "ran out of memory";
    if (/^error: Top-level await promise never resolved/m.test(this.#printed)) {
      return "ended, waiting for what never comes: look for an `await` at the top of the file, or in its options";
    }
    if (signal) return `was ended by ${signal}`;
    const unstable = UNSTABLE.exec(this.#printed.trimEnd())?.[1];
    if (unstable !== undefined) return `ended: Deno calls ${unstable} unstable, and gives it to no plugin`;
    if (/^Deno has panicked\./m.test(this.#printed)) {
      return "ended by a fault of Deno's own: the log has its words";
    }
    // The last: what an earlier one said, such as a worker's, it has outlived.
    const said = [...this.#printed.matchAll(/^error: (.*)$/gm)].at(-1)?.[1];
    if (said !== undefined) return `ended: ${shorten(said, LIMITS.errorChars)}`;
    return `ended itself with exit code ${code}: a plugin must not call Deno.exit() or process.exit()`;
  }
}
