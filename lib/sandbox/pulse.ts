/** Tells a process that thinks from one that hangs. @module */

/** What to do at a tick: ask for a sign of life, give the process up, or nothing. */
export type PulseStep = "ping" | "lost" | null;

/** Watches one process by asking it for signs of life. */
export interface Pulse {
  /** To be called every {@linkcode TICK_MS}. `busy`: whether it has work; without work it is asked more rarely. */
  tick(busy: boolean): PulseStep;
  /** The process has answered. */
  answered(): void;
}

/** Milliseconds between ticks. */
export const TICK_MS = 250;
/** A process without work is asked every so many ticks. */
const IDLE_TICKS = 8;

/**
 * Makes a pulse. It counts ticks, not time: a relay that was held up itself must not blame its plugins for it.
 *
 * @param patienceMs How long an answer may take.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const pulse = createPulse(500);
 * assertEquals([pulse.tick(true), pulse.tick(true)], ["ping", null]);
 * pulse.answered();
 * assertEquals([pulse.tick(true), pulse.tick(true), pulse.tick(true)], ["ping", null, "lost"]);
 * ```
 */
export function createPulse(patienceMs: number): Pulse {
  let ticks = 0;
  /** Ticks since an answer is awaited; null: none is. */
  let silent: number | null = null;
  return {
    tick(busy) {
      ticks++;
      if (silent !== null) return ++silent * TICK_MS >= patienceMs ? "lost" : null;
      if (!busy && ticks % IDLE_TICKS !== 0) return null;
      silent = 0;
      return "ping";
    },
    answered() {
      silent = null;
    },
  };
}
