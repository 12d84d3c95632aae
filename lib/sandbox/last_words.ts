/** What a process printed last, which tells why it ended. @module */
import { LIMITS, shorten } from "./protocol.ts";

/** Characters that are kept. */
const KEPT = 8192;

/** The end of what a process prints. */
export class LastWords {
  #printed = "";

  /** Takes a line; answers whether it is for the log: a runtime that dies prints pages, of which the first words tell all. */
  add(line: string): boolean {
    this.#printed = (this.#printed + line + "\n").slice(-KEPT);
    return line !== "" && !/^(<--- Last few GCs|# Fatal |==== C stack trace)/m.test(this.#printed);
  }

  /** For a person: what became of "its process". */
  causeOf({ code, signal }: Pick<Deno.CommandStatus, "code" | "signal">): string {
    if (/out of memory|heap limit/i.test(this.#printed)) return "ran out of memory";
    if (signal) return `was ended by ${signal}`;
    const said = /^error: (.*)$/m.exec(this.#printed)?.[1];
    if (said !== undefined) return `ended: ${shorten(said, LIMITS.errorChars)}`;
    return `ended itself with exit code ${code}: a plugin must not call Deno.exit() or process.exit()`;
  }
}
