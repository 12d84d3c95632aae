/** When a plugin that fails again and again is started next. A pure policy: the time is passed in. @module */
import type { PluginLimits } from "./house.ts";

/**
 * The waits of one plugin. Its first failure costs none; each that follows without a success between doubles it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const restarts = new Restarts({ minRestartMs: 10, maxRestartMs: 15 });
 * const waits = [0, 0, 0, 0].map((now) => {
 *   restarts.failed(now);
 *   return restarts.waitsUntil;
 * });
 * assertEquals(waits, [0, 10, 15, 15]);
 * restarts.succeeded();
 * restarts.failed(100);
 * assertEquals(restarts.waitsUntil, 100);
 * ```
 */
export class Restarts {
  /** Not started again before; milliseconds since 1970. */
  waitsUntil = 0;
  /** Since the last success. */
  #failures = 0;

  constructor(private readonly limits: Pick<PluginLimits, "minRestartMs" | "maxRestartMs">) {}

  /** Takes note of a failure at `now`. */
  failed(now: number): void {
    const { minRestartMs, maxRestartMs } = this.limits;
    const wait = this.#failures === 0 ? 0 : Math.min(maxRestartMs, minRestartMs * 2 ** (this.#failures - 1));
    this.#failures++;
    this.waitsUntil = now + wait;
  }

  /** Takes note of a success: the next failure is a first one. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Begins anew, as for another version. */
  reset(): void {
    this.#failures = 0;
    this.waitsUntil = 0;
  }
}
