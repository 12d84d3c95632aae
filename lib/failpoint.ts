/**
 * Ends the process at a chosen step, so that tests can see what a crash leaves behind. Does nothing unless the
 * environment names a step.
 *
 * @module
 */

/** The steps at which the relay can be ended, in the order in which an event meets them. */
export const FAILPOINTS = [
  /** A delivery was verified, and is about to be stored. */
  "verified",
  /** A transaction of the store has written everything, and is about to commit. */
  "committing",
  /** It has committed. */
  "committed",
  /** A received event is on disk, and is about to be answered. */
  "answering",
  /** Deliveries were claimed, and no attempt has begun. */
  "claimed",
  /** A plugin is about to be run. */
  "attempting",
  /** It has run, and nothing is written of that. */
  "attempted",
] as const;

/** One of {@linkcode FAILPOINTS}. */
export type Failpoint = typeof FAILPOINTS[number];

/** Names the step, and how often it is passed until the process ends there: `committed:12`. */
export const FAILPOINT_VARIABLE = "COINRELAY_FAILPOINT";

/** Marks a step. */
export const failpoint: (step: Failpoint) => void = arm(Deno.env.get(FAILPOINT_VARIABLE));

function arm(setting: string | undefined): (step: Failpoint) => void {
  if (!setting) return () => {};
  const [wanted, count] = setting.split(":");
  let left = Number(count ?? 1);
  return (step) => {
    if (step === wanted && --left === 0) Deno.kill(Deno.pid, "SIGKILL");
  };
}
