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
 *   return restarts.waitsUntil(now);
 * });
 * assertEquals(waits, [0, 10, 15, 15]);
 * restarts.succeeded();
 * restarts.failed(100);
 * assertEquals(restarts.waitsUntil(100), 100);
 * restarts.failed(100);
 * assertEquals([restarts.waitsUntil(105), restarts.waitsUntil(40)], [110, 50]); // the clock was set back
 * ```
 */
export class Restarts {
  /** Since the last success. */
  #failures = 0;
  #failedAt = 0;
  #wait = 0;

  constructor(private readonly limits: Pick<PluginLimits, "minRestartMs" | "maxRestartMs">) {}

  /** Not started again before; milliseconds since 1970. A clock that was set back since then prolongs no wait. */
  waitsUntil(now: number): number {
    this.#failedAt = Math.min(this.#failedAt, now);
    return this.#failedAt + this.#wait;
  }

  /** Takes note of a failure at `now`. */
  failed(now: number): void {
    const { minRestartMs, maxRestartMs } = this.limits;
    this.#wait = this.#failures === 0 ? 0 : Math.min(maxRestartMs, minRestartMs * 2 ** (this.#failures - 1));
    this.#failures++;
    this.#failedAt = now;
  }

  /** Takes note of a success: the next failure is a first one. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Begins anew, as for another version. */
  reset(): void {
    this.#failures = 0;
    this.#wait = 0;
  }
}
