/** Signals that ask a process to end. @module */

/** Their names and numbers, as far as this system has them. */
export const ENDING_SIGNALS: readonly (readonly [name: Deno.Signal, number: number])[] =
  Deno.build.os === "windows" ? [["SIGINT", 2]] : [["SIGTERM", 15], ["SIGINT", 2], ["SIGHUP", 1]];

/** Exit codes of a process that a signal ended begin here. */
export const SIGNALLED = 128;
